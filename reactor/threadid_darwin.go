package reactor

import "golang.org/x/sys/unix"

// threadID is the number that pthread_threadid_np(3) returns.
func threadID() uint64 {
	id, _, _ := unix.RawSyscall(unix.SYS_THREAD_SELFID, 0, 0, 0) // It cannot fail.
	return uint64(id)
}
