//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package reactor

import (
	"time"

	"golang.org/x/sys/unix"
)

// alarmIdent names the alarm among the EVFILT_TIMER events of the loop's kqueue, of which it is the
// only one.
const alarmIdent = 1

// maxAlarm bounds an alarm: some systems count in clock ticks that an int must hold. A longer one
// goes off early, Poll finds nothing to do, and the alarm is set anew.
const maxAlarm = 24 * time.Hour

// alarm is a one-shot EVFILT_TIMER in the loop's own kqueue: a kqueue descriptor is readable while
// an event is pending, so the loop that embeds this one wakes for our timers.
type alarm struct {
	loop   *Loop
	change []unix.Kevent_t
	armed  bool // an event is in the kernel, or was, until it fired and wait took it
}

func openAlarm(l *Loop) (*alarm, error) {
	return &alarm{loop: l, change: newKevents(1)}, nil
}

// set takes the old event out instead of changing it by EV_ADD: not every system restarts the timer
// then, and none takes back an expiration that is pending.
func (a *alarm) set(d time.Duration) {
	a.stop()
	fflags, data := alarmData(min(d, maxAlarm))
	a.armed = a.submit(unix.EV_ADD|unix.EV_ONESHOT, fflags, data) == nil
	if !a.armed {
		// The system bounds the number of timers (ENOMEM). The embedding loop then polls this one
		// busily, and nothing is late.
		a.loop.poller.alarmFired = true
		a.loop.door.ring()
	}
}

func (a *alarm) stop() {
	a.fired() // What wait has seen by now is of the old event.
	if a.armed {
		a.armed = false
		_ = a.submit(unix.EV_DELETE, 0, 0) // ENOENT only: it has fired.
	}
}

func (a *alarm) fired() bool {
	fired := a.loop.poller.alarmFired
	a.loop.poller.alarmFired = false
	return fired
}

func (a *alarm) submit(flags int, fflags uint32, data int64) error {
	setKevent(&a.change[0], alarmIdent, unix.EVFILT_TIMER, flags, fflags, data, 0)
	_, err := unix.Kevent(a.loop.poller.fd, a.change, nil, nil)
	if err == unix.EINTR {
		return nil // By the manual the change has been applied by then.
	}
	return err
}

// alarmMilliseconds returns d in EVFILT_TIMER's unit of old, rounded up so that the alarm is never
// early.
func alarmMilliseconds(d time.Duration) (fflags uint32, data int64) {
	return 0, int64((d + time.Millisecond - 1) / time.Millisecond)
}

// close leaves the event to the kqueue, which is closed next.
func (a *alarm) close() error { return nil }
