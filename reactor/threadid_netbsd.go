package reactor

import "golang.org/x/sys/unix"

// threadID is _lwp_self(2).
func threadID() uint64 {
	id, _, _ := unix.RawSyscall(unix.SYS__LWP_SELF, 0, 0, 0) // It cannot fail.
	return uint64(id)
}
