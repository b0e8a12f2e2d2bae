package reactor

import "golang.org/x/sys/unix"

// threadID is lwp_gettid(2). It counts from 1 in each process.
func threadID() uint64 {
	id, _, _ := unix.RawSyscall(unix.SYS_LWP_GETTID, 0, 0, 0) // It cannot fail.
	return uint64(id)
}
