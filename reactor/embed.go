package reactor

import (
	"math"
	"time"
)

// FD returns the epoll or kqueue descriptor of the loop, for watching it in another loop: it is
// readable when [Loop.Poll] has something to do, which from the first call of FD on includes timers
// that are due and work queued outside of Poll. The descriptor stays the loop's: do not close it or
// change it. It returns -1 when the loop is closed, or when the system has no descriptor left for
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

// announce is called when work was added that no descriptor announces. Inside a turn the turn sees to
// it; outside of one the loop may be embedded in another that sleeps.
func (l *Loop) announce() {
	if l.alarm != nil && !l.running {
		l.updateFD()
	}
}

// updateFD makes FD readable when the next Poll has something to do without waiting: now, or once the
// next timer is due. It does not ask what keeps the loop alive: the loop around this one is the one
// that lives. Posts and a Stop have rung.
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
	// An alarm that is set for an earlier time is left alone: it costs one Poll, which sets it
	// anew. A timer that each event puts off would cost a system call each time.
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
