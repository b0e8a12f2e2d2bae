package reactor

import (
	"time"

	"golang.org/x/sys/unix"
)

// ForceMilliseconds makes the poller do without epoll_pwait2(2), as on kernels before 5.11.
func (l *Loop) ForceMilliseconds() { l.poller.noTimeval = true }

// AlarmLeft returns the time until the alarm of an embedded loop goes off, 0 if it is not set.
func (l *Loop) AlarmLeft() (time.Duration, error) {
	var spec unix.ItimerSpec
	err := unix.TimerfdGettime(l.alarm.fd, &spec)
	return time.Duration(spec.Value.Nano()), err
}
