package reactor

import "time"

// Stats are a loop's counters since it was made, and its gauges at the time of the call.
type Stats struct {
	Turns     uint64 // turns begun
	Callbacks uint64 // callbacks of every kind run, the loop's own wake-ups included

	// descriptors that were closed before their watcher and kept the loop awake, see Loop.Watch
	Stale uint64

	PollWait time.Duration // time asleep, or polling busily before a sleep

	// LongestBusy is the longest time between the end of one sleep and the beginning of the next,
	// in one Run or Poll. That may be several turns, because a turn that finds work does not sleep.
	LongestBusy time.Duration

	LongestCallback time.Duration // 0 unless Options.SlowCallback is set

	Watchers int // open watchers, the loop's own included
	Timers   int // timers that are set
	Refs     int // ref'd timers, immediates and active watchers; they keep Run alive

	// The loop goroutine measures LongestBusy with these.
	wokeAt    int64 // end of the last sleep, as Loop.elapsed; valid while wokeValid is set
	wokeValid bool  // there was a sleep in this Run or Poll
}

// Stats returns the counters and gauges. They are a copy.
func (l *Loop) Stats() Stats {
	l.check("Stats")
	s := l.stats
	s.Watchers = l.watchers.len()
	s.Timers = l.timers.len()
	s.Refs = l.refs
	return s
}

// noteBusy updates LongestBusy when the loop goes to sleep at time now.
func (s *Stats) noteBusy(now int64) {
	if s.wokeValid {
		s.LongestBusy = max(s.LongestBusy, time.Duration(now-s.wokeAt))
	}
}
