package reactor

import "time"

// FD returns the epoll or kqueue descriptor of the loop, for watching it in another loop: it is readable when [Loop.Poll]
// has something to do, which from the first call of FD on includes timers that are due and work queued outside of Poll.
// The descriptor stays the loop's: do not close it or change it. It returns -1 when the loop is closed, or when the
// system has no descriptor left for the timers.
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
		l.alarm = a
		l.nudge()
	}
	return l.poller.fd
}

// nudge is called when work was added that no descriptor announces. Inside a turn the turn sees to it; outside of one the
// loop may be embedded in another that sleeps.
func (l *Loop) nudge() {
	if l.alarm != nil && !l.running {
		l.settle()
	}
}

// settle makes FD readable when the next Poll has something to do without waiting: now, or once the next timer is due. It
// does not ask what keeps the loop alive: the loop around this one is the one that lives.
func (l *Loop) settle() {
	if l.alarm == nil {
		return
	}
	if l.hasWork() || l.door.look().has(doorPosted|doorStop) {
		l.alarm.set(0)
		return
	}
	left := alarmNever
	if when, ok := l.timers.next(); ok {
		left = max(0, time.Duration(when-l.freshNS()))
	}
	l.alarm.set(left)
}

// alarmNever disarms an alarm.
const alarmNever time.Duration = -1

// alarmNow is the shortest time an alarm can be set to.
const alarmNow = time.Nanosecond
