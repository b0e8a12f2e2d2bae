//go:build darwin || freebsd

package reactor

import (
	"time"

	"golang.org/x/sys/unix"
)

// alarmData returns d as EVFILT_TIMER takes it: short ones in nanoseconds. Long ones would overflow
// the kernel's intptr_t on 32-bit FreeBSD before 12, and for them a millisecond matters less.
func alarmData(d time.Duration) (fflags uint32, data int64) {
	if d < time.Second {
		return unix.NOTE_NSECONDS, int64(d)
	}
	return alarmMilliseconds(d)
}
