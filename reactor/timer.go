package reactor

import (
	"math"
	"time"
)

// timerBudget bounds the timers that fire in one turn, so that a million due at once do not keep the loop from its
// descriptors.
const timerBudget = 4096

// A Timer calls its function when its time has come, once or at an interval. Its methods must be called on the loop
// goroutine.
type Timer struct {
	loop     *Loop
	fn       func()
	delay    time.Duration
	interval bool
	unrefed  bool
	place    uint32 // 1 + the slot of its entry in the heap; 0 while it is not set
}

// SetTimeout calls fn once, on a later turn, no sooner than d from now.
//
// d is rounded up to the poll's resolution, so a timer is never early; a late one is late by what the loop was busy with.
// Timers with equal deadlines fire in the order they were set. A negative d counts as zero: fn runs in the timers phase
// of the next turn. The timer keeps Run alive until it has fired, was stopped, or was unref'd. It panics when fn is nil
// or the loop is closed.
func (l *Loop) SetTimeout(d time.Duration, fn func()) *Timer {
	l.checkOpen("SetTimeout", fn == nil)
	t := &Timer{loop: l, fn: fn, delay: d}
	l.arm(t)
	return t
}

// SetInterval calls fn every d, beginning d from now, until the timer is stopped. A period begins when the callback of the
// one before began; periods missed because the loop was busy are skipped. d of zero or less means once every turn.
// Otherwise it is as SetTimeout.
func (l *Loop) SetInterval(d time.Duration, fn func()) *Timer {
	l.checkOpen("SetInterval", fn == nil)
	t := &Timer{loop: l, fn: fn, delay: d, interval: true}
	l.arm(t)
	return t
}

// Stop disarms the timer and reports whether it was set. Its function will not run until Reset.
func (t *Timer) Stop() bool {
	if t.place == 0 {
		return false
	}
	t.loop.disarm(t)
	return true
}

// Reset sets the timer to fire d from now, also from inside its own callback, and reports whether it was still set. For an
// interval d becomes the new period. It panics when the loop is closed.
func (t *Timer) Reset(d time.Duration) bool {
	t.loop.checkOpen("Reset", false)
	was := t.Stop()
	t.delay = d
	t.loop.arm(t)
	return was
}

// Ref has the timer keep Run alive while it is set, as a new one does.
func (t *Timer) Ref() {
	if t.unrefed {
		t.unrefed = false
		if t.place != 0 {
			t.loop.ref()
		}
	}
}

// Unref lets Run end while the timer is set.
func (t *Timer) Unref() {
	if !t.unrefed {
		t.unrefed = true
		if t.place != 0 {
			t.loop.unref()
		}
	}
}

func (l *Loop) arm(t *Timer) {
	// The clock is read anew: counted from the start of a long callback the timer would be early.
	now := l.freshNS()
	when := now + int64(max(t.delay, 0))
	if when < now {
		when = math.MaxInt64
	}
	l.timers.push(when, t)
	if !t.unrefed {
		l.ref()
	}
	l.nudge()
}

func (l *Loop) disarm(t *Timer) {
	l.timers.drop(t)
	if !t.unrefed {
		l.unref()
	}
}

// runTimers fires the timers that are due and whose entries are not newer than limit: those set in this turn wait for the
// next one.
func (l *Loop) runTimers(limit uint64) {
	if l.timers.len() == 0 {
		return
	}
	if !l.dated {
		l.readClock()
	}
	now := l.sinceBase(l.now)
	for range timerBudget {
		t := l.timers.popDue(now, limit)
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
