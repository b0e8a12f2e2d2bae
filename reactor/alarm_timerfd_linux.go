package reactor

import (
	"time"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

// maxAlarm bounds an alarm: on 32-bit machines the time has room for 68 years. A longer one goes
// off early, Poll finds nothing to do, and the alarm is set anew.
const maxAlarm = 365 * 24 * time.Hour

// alarm is a timerfd(2) in the loop's own epoll set: an epoll descriptor is readable while one of
// its members is, so the loop that embeds this one wakes for our timers. It is watched
// edge-triggered: once wait has seen that it went off it is silent, and is never read. Where it is
// refused the spare alarm does the work.
type alarm struct {
	fd      int // -1 where timerfd_create(2) is refused
	watcher *Watcher
	wentOff bool // it went off
	spare   spareAlarm
}

func openAlarm(l *Loop) (*alarm, error) {
	a := &alarm{fd: -1, spare: spareAlarm{door: &l.door}}
	tfd, err := fd.Private(unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK))
	if fd.Refused(err) {
		return a, nil
	}
	if err != nil {
		return nil, wrap("timerfd_create", -1, err)
	}
	a.fd = tfd
	// There is nothing else to do: runTimers does the work.
	a.watcher, err = l.watch(tfd, Readable|edgeTriggered, func(Readiness) { a.wentOff = true })
	if err != nil {
		fd.Close(tfd) // The watch error is the one to report.
		return nil, err
	}
	a.watcher.Unref()
	return a, nil
}

func (a *alarm) set(d time.Duration) {
	if !a.settime(min(d, maxAlarm)) {
		a.spare.set(d)
	}
}

func (a *alarm) stop() {
	// A refusal leaves nothing behind but what was set before a filter was in force: it costs one
	// Poll.
	a.settime(0)
	a.spare.stop()
}

// settime also takes back an expiration that wait has not seen. It reports false where there is no
// timerfd, or timerfd_settime(2) is refused: nothing else can be wrong, the descriptor is ours and
// the time is valid.
func (a *alarm) settime(d time.Duration) bool {
	if a.fd < 0 {
		return false
	}
	spec := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(d))}
	return unix.TimerfdSettime(a.fd, 0, &spec, nil) == nil
}

func (a *alarm) fired() bool {
	off := a.wentOff
	a.wentOff = false
	return a.spare.fired() || off
}

func (a *alarm) close() error {
	a.spare.stop()
	if a.fd < 0 {
		return nil
	}
	a.watcher.Close()
	return wrap("close", a.fd, unix.Close(a.fd))
}
