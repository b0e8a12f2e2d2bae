package reactor

import "time"

// Views of the package for its own tests.

// The bounds on the work of one phase.
const (
	TickBudget  = tickBudget
	TimerBudget = timerBudget
	PostBudget  = postBudget
	MaxEvents   = maxEvents
)

// SetClock replaces the loop's clock, from which timers count. The kernel's own clock still ends
// the sleeps.
func (l *Loop) SetClock(clock func() time.Time) {
	l.clock = clock
	l.since = func(base time.Time) time.Duration { return clock().Sub(base) }
	l.base, l.nowValid, l.clockReadAt = clock(), false, clockUnread
}

// StopRequested reports whether the loop has been asked to stop and has not yet answered. Safe to
// call from any goroutine.
func (l *Loop) StopRequested() bool { return l.door.load().has(doorStop) }

// Asleep reports whether the next Post would have to wake the loop. Safe to call from any
// goroutine.
func (l *Loop) Asleep() bool {
	return !l.door.load().has(doorAwake)
}

// CountWakes counts the wake-ups written from now on. The function it returns is safe to call from
// any goroutine.
func (l *Loop) CountWakes() func() int {
	d := &l.door
	d.mu.Lock()
	defer d.mu.Unlock()
	c := &countingWaker{waker: d.waker}
	d.waker = c
	return func() int {
		d.mu.Lock()
		defer d.mu.Unlock()
		return c.wakes
	}
}

// countingWaker is a waker that counts its wake-ups. door.mu guards the counter, as wake is called
// under it.
type countingWaker struct {
	waker
	wakes int
}

func (c *countingWaker) wake() {
	c.wakes++
	c.waker.wake()
}

// TimerEntries returns the size of the heap: the timers that are set, and the entries that stopped
// timers have left behind.
func (l *Loop) TimerEntries() int { return l.timers.n }

// WatcherSlots returns the size of the watcher table, open or free.
func (l *Loop) WatcherSlots() int { return len(l.watchers.slots) }

// PollerFD is FD without the alarm of an embedded loop.
func (l *Loop) PollerFD() int { return l.poller.fd }

// OpenWakeupWithoutPoller does the last step of New on a loop whose poller takes nothing.
func OpenWakeupWithoutPoller(o Options) error {
	l := &Loop{opts: o, clock: time.Now, since: time.Since}
	l.poller.fd = -1
	return l.openWakeup()
}

// QueuedPosts returns how many posts the loop has not taken. Safe to call from any goroutine.
func (l *Loop) QueuedPosts() int {
	l.door.mu.Lock()
	defer l.door.mu.Unlock()
	return l.door.posts.n
}

// ThreadsAreKnown reports whether this system tells threads apart.
func ThreadsAreKnown() bool { return threadID() != 0 }
