package reactor

import (
	"time"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

// maxAlarm bounds an alarm: on 32-bit machines the time has room for 68 years. A longer one goes off early, Poll finds
// nothing to do, and the alarm is set anew.
const maxAlarm = 365 * 24 * time.Hour

// alarm is a timerfd(2) in the loop's own epoll set: an epoll descriptor is readable while one of its members is, so the
// loop that embeds this one wakes for our timers. It is watched edge-triggered: once wait has seen that it went off it is
// silent, and is never read.
type alarm struct {
	fd      int
	watcher *Watcher
	off     bool // it went off
}

func openAlarm(l *Loop) (*alarm, error) {
	tfd, err := fd.Private(unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK))
	if err != nil {
		return nil, wrap("timerfd_create", -1, err)
	}
	a := &alarm{fd: tfd}
	// There is nothing else to do: runTimers does the work.
	a.watcher, err = l.watch(tfd, Readable|edgeTriggered, func(Readiness) { a.off = true })
	if err != nil {
		fd.Close(tfd) // The watch error is the one to report.
		return nil, err
	}
	a.watcher.Unref()
	return a, nil
}

func (a *alarm) set(d time.Duration) { a.settime(min(d, maxAlarm)) }

func (a *alarm) stop() { a.settime(0) }

// settime also takes back an expiration that wait has not seen.
func (a *alarm) settime(d time.Duration) {
	spec := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(d))}
	// It cannot fail: the descriptor is ours and the time is valid.
	_ = unix.TimerfdSettime(a.fd, 0, &spec, nil)
}

func (a *alarm) fired() bool {
	off := a.off
	a.off = false
	return off
}

func (a *alarm) close() error {
	a.watcher.Close()
	return wrap("close", a.fd, unix.Close(a.fd))
}
