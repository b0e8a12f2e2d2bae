package reactor

import "time"

// Stats are a loop's counters since it was made, and its gauges at the time of the call.
type Stats struct {
	Turns     uint64 // turns begun
	Callbacks uint64 // callbacks of every kind run, the loop's own wake-ups included

	// descriptors that were closed before their watcher and kept the loop awake, see Loop.Watch
	Stale uint64

	PollWait        time.Duration // time spent asleep, or polling busily
	LongestBusy     time.Duration // longest time from one sleep to the next
	LongestCallback time.Duration // 0 unless Options.SlowCallback is set

	Watchers int // open, the loop's own included
	Timers   int // set
	Refs     int // timers, immediates and watchers that keep Run alive now

	wokeAt    int64 // end of the last sleep, as Loop.elapsed, if awake
	wokeValid bool  // since a sleep of this Run or Poll
}

// Stats returns the counters and gauges.
func (l *Loop) Stats() Stats {
	l.check("Stats")
	s := l.stats
	s.Watchers = l.watchers.len()
	s.Timers = l.timers.len()
	s.Refs = l.refs
	return s
}

// noteBusy is told when the loop goes to sleep.
func (s *Stats) noteBusy(now int64) {
	if s.wokeValid {
		s.LongestBusy = max(s.LongestBusy, time.Duration(now-s.wokeAt))
	}
}
