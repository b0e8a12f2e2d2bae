//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package reactor

import (
	"time"

	"golang.org/x/sys/unix"
)

// alarmIdent names the alarm, the only EVFILT_TIMER event of the loop's kqueue.
const alarmIdent = 1

// maxAlarm bounds an alarm, because some systems count in clock ticks that an int must hold. A
// longer alarm goes off early; then Poll finds nothing to do, and the alarm is set anew.
const maxAlarm = 24 * time.Hour

// alarm is a one-shot EVFILT_TIMER in the loop's own kqueue. A kqueue descriptor is readable while
// an event is pending, so the loop that embeds this one wakes for our timers. It owns no
// descriptor. Only the loop goroutine touches it.
type alarm struct {
	loop   *Loop
	change []unix.Kevent_t // room for one change, reused
	armed  bool            // set has added the event and stop has not removed it; it may have fired
}

func openAlarm(l *Loop) (*alarm, error) {
	return &alarm{loop: l, change: newKevents(1)}, nil
}

// set removes the old event instead of changing it by EV_ADD, because EV_ADD restarts the timer on
// some systems only, and takes back a pending expiration on none.
func (a *alarm) set(d time.Duration) {
	a.stop()
	fflags, data := alarmData(min(d, maxAlarm))
	a.armed = a.submit(unix.EV_ADD|unix.EV_ONESHOT, fflags, data) == nil
	if !a.armed {
		// The system bounds the number of timers (ENOMEM). Then the embedding loop polls this one
		// busily, and no timer is late.
		a.loop.poller.alarmFired = true
		a.loop.door.ring()
	}
}

func (a *alarm) stop() {
	a.fired() // An expiration that wait has seen so far is of the old event.
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
		return nil // By the manual page the change has been applied by then.
	}
	return err
}

// alarmMilliseconds returns d in EVFILT_TIMER's default unit, rounded up so that the alarm is never
// early.
func alarmMilliseconds(d time.Duration) (fflags uint32, data int64) {
	return 0, int64((d + time.Millisecond - 1) / time.Millisecond)
}

// close does nothing: closing the kqueue removes the event.
func (a *alarm) close() error { return nil }
