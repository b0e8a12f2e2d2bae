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
// loop that embeds this one wakes for our timers.
type alarm struct {
	fd      int
	watcher *Watcher
	armed   bool
}

func openAlarm(l *Loop) (*alarm, error) {
	tfd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK)
	if err != nil {
		return nil, wrap("timerfd_create", -1, err)
	}
	a := &alarm{fd: tfd}
	// The callback has nothing to do but silence the descriptor: runTimers and the queues do the work.
	a.watcher, err = l.Watch(tfd, Readable, func(Readiness) { a.set(alarmNever) })
	if err != nil {
		fd.Close(tfd) // The watch error is the one to report.
		return nil, err
	}
	a.watcher.Unref()
	return a, nil
}

func (a *alarm) set(d time.Duration) {
	if d == alarmNever && !a.armed {
		return
	}
	var spec unix.ItimerSpec
	a.armed = d != alarmNever
	if a.armed {
		spec.Value = unix.NsecToTimespec(int64(min(max(d, alarmNow), maxAlarm)))
	}
	// It cannot fail: the descriptor is ours and the time is valid. Setting also takes back an expiration not read.
	_ = unix.TimerfdSettime(a.fd, 0, &spec, nil)
}

func (a *alarm) close() error {
	a.watcher.Close()
	return wrap("close", a.fd, unix.Close(a.fd))
}
