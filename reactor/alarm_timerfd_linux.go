package reactor

import (
	"time"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

// maxAlarm bounds an alarm, because on 32-bit machines the time has room for 68 years only. A
// longer alarm goes off early; then Poll finds nothing to do, and the alarm is set anew.
const maxAlarm = 365 * 24 * time.Hour

// alarm is a timerfd(2) in the loop's own epoll set. An epoll descriptor is readable while one of
// the descriptors in it is ready, so the loop that embeds this one wakes for our timers. The
// timerfd is watched edge-triggered and never read: once wait has seen its expiration it does not
// report it again. Where timerfd_create(2) or timerfd_settime(2) is refused, spare takes its place.
// Except for spare.wentOff only the loop goroutine touches it.
type alarm struct {
	fd      int      // owned; -1: timerfd_create(2) was refused
	watcher *Watcher // of fd, unref'd; nil while fd is -1
	wentOff bool     // true from the watcher's callback to fired
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
	// The callback need not do more, because the next turn runs the timers.
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
	// If a seccomp filter came into force after a set, the call is refused and the old time stays:
	// it costs one Poll.
	a.settime(0)
	a.spare.stop()
}

// settime sets the time, and takes back an expiration that wait has not seen. It reports false
// where there is no timerfd or timerfd_settime(2) is refused. No other error is possible, because
// the descriptor is ours and the time is valid.
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
