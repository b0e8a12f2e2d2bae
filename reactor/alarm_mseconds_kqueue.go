//go:build dragonfly || netbsd || openbsd

package reactor

import "time"

// alarmData returns d as EVFILT_TIMER takes it: milliseconds are its only unit on DragonFly, and
// the only one that every NetBSD and OpenBSD understands.
func alarmData(d time.Duration) (fflags uint32, data int64) { return alarmMilliseconds(d) }
