package reactor

import (
	"math"
	"time"
)

// timerBudget bounds the work on timers in one turn, so that a million timers due at once do not
// keep the loop from its descriptors. Timers that fire count, and so do heap entries of postponed
// and stopped ones.
const timerBudget = 4096

// A Timer calls its function at a deadline, once or at an interval. Its methods must be called on
// the loop goroutine.
type Timer struct {
	loop *Loop
	fn   func() // nil once the loop is closed, if the timer was set then
	// time to the deadline, or the period; may be negative, which counts as 0
	delay    time.Duration
	interval bool   // made by SetInterval
	unrefed  bool   // it does not count in loop.refs
	place    uint32 // 1 + the slot of its heap entry; 0 while it is not set
	when     int64  // the deadline, as Loop.elapsed; valid while it is set
	seq      uint64 // order of setting among the loop's timers; valid while it is set
}

// SetTimeout calls fn once, on a later turn, no sooner than d from now.
//
// d is rounded up to the poll's resolution, so a timer is never early. It is late if the loop is
// busy at its deadline. Timers with equal deadlines fire in the order they were set. A negative d
// counts as zero: fn runs in the timers phase of the next turn. The timer keeps Run alive until it
// has fired, was stopped, or was unref'd. SetTimeout panics when fn is nil or the loop is closed.
func (l *Loop) SetTimeout(d time.Duration, fn func()) *Timer {
	l.checkOpen("SetTimeout", fn == nil)
	t := &Timer{loop: l, fn: fn, delay: d}
	l.arm(t)
	return t
}

// SetInterval calls fn every d, beginning d from now, until the timer is stopped. The next period
// begins when a callback begins. Periods that the loop missed because it was busy are skipped. With
// a d of zero or less fn runs once every turn. Otherwise it is as SetTimeout.
func (l *Loop) SetInterval(d time.Duration, fn func()) *Timer {
	l.checkOpen("SetInterval", fn == nil)
	t := &Timer{loop: l, fn: fn, delay: d, interval: true}
	l.arm(t)
	return t
}

// Stop stops the timer and reports whether it was set. Its function does not run until Reset.
func (t *Timer) Stop() bool {
	if t.place == 0 {
		return false
	}
	t.loop.disarm(t)
	return true
}

// Reset sets the timer to fire d from now, also in its own callback, and reports whether it was
// still set. For an interval d becomes the new period. Reset panics when the loop is closed.
func (t *Timer) Reset(d time.Duration) bool {
	l := t.loop
	l.checkOpen("Reset", false)
	t.delay = d
	if t.place == 0 {
		l.arm(t)
		return false
	}
	if when := l.deadline(d); !l.timers.postpone(t, when) {
		l.timers.drop(t)
		l.timers.push(when, t)
		l.announce()
	}
	return true
}

// Ref makes the timer keep Run alive while it is set, as a new one does.
func (t *Timer) Ref() {
	if t.unrefed {
		t.unrefed = false
		if t.place != 0 {
			t.loop.ref()
		}
	}
}

// Unref lets Run return while the timer is set.
func (t *Timer) Unref() {
	if !t.unrefed {
		t.unrefed = true
		if t.place != 0 {
			t.loop.unref()
		}
	}
}

// deadline returns the time d from now. It reads the clock again, because a deadline counted from
// the start of a long callback would fire early.
func (l *Loop) deadline(d time.Duration) int64 {
	now := l.elapsed()
	when := now + int64(max(d, 0))
	if when < now {
		return math.MaxInt64
	}
	return when
}

func (l *Loop) arm(t *Timer) {
	l.timers.push(l.deadline(t.delay), t)
	if !t.unrefed {
		l.ref()
	}
	l.announce()
}

func (l *Loop) disarm(t *Timer) {
	l.timers.drop(t)
	if !t.unrefed {
		l.unref()
	}
}

// runTimers fires the timers that are due and whose seq is at most limit. Timers set in this turn
// are newer and wait for the next one.
func (l *Loop) runTimers(limit uint64) {
	if l.timers.len() == 0 {
		return
	}
	now := l.clockRead
	// If a tick of this turn has called Now, go by that reading: timers it has set are not due.
	if !l.nowValid {
		now = l.readClock()
	}
	budget := timerBudget
	for budget > 0 {
		budget--
		t := l.timers.popDue(now, limit, &budget)
		if t == nil {
			return
		}
		if !t.unrefed {
			l.unref()
		}
		if t.interval {
			l.arm(t) // Before the callback, which may Stop or Reset it.
		}
		l.call(t.fn)
	}
}
