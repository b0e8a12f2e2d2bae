package reactor

import (
	"math"
	"time"
)

// FD returns the epoll or kqueue descriptor of the loop, for watching it in another loop. It is
// readable when [Loop.Poll] has something to do. From the first call of FD on that includes timers
// that are due and work queued outside of Poll. The loop owns the descriptor: do not close or
// change it. FD returns -1 when the loop is closed, or when the system has no descriptor left for
// the timers.
func (l *Loop) FD() int {
	l.check("FD")
	if l.closed {
		return -1
	}
	if l.alarm == nil {
		a, err := openAlarm(l)
		if err != nil {
			return -1
		}
		l.alarm, l.alarmAt = a, alarmOff
		l.announce()
	}
	return l.poller.fd
}

// announce is called after work was added that makes no descriptor ready. Inside a turn it does
// nothing, because the turn finds the work. Outside of a turn the loop may be embedded in another
// one that sleeps.
func (l *Loop) announce() {
	if l.alarm != nil && !l.running {
		l.updateFD()
	}
}

// updateFD makes FD readable when the next Poll has something to do without waiting: now, or once
// the next timer is due. It ignores refs, because the outer loop decides how long it runs. Post and
// Stop have rung at the door themselves.
func (l *Loop) updateFD() {
	if l.alarm == nil {
		return
	}
	if l.hasWork() {
		l.door.ring()
		return
	}
	if l.alarm.fired() {
		l.alarmAt = alarmOff
	}
	switch when, ok := l.timers.next(); {
	case !ok:
		if l.alarmAt != alarmOff {
			l.alarmAt = alarmOff
			l.alarm.stop()
		}
	case when < l.alarmAt:
		l.setAlarm(when)
	}
	// An alarm that is set for an earlier time stays: it costs one Poll, which sets it anew. To
	// move it with a timer that each event puts off would cost a system call each time.
}

func (l *Loop) setAlarm(when int64) {
	left := time.Duration(when - l.elapsed())
	if left <= 0 {
		l.door.ring()
		return
	}
	l.alarmAt = when
	l.alarm.set(left)
}

// alarmOff is Loop.alarmAt while no alarm is set.
const alarmOff = math.MaxInt64
