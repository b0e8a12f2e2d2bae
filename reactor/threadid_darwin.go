package reactor

import "golang.org/x/sys/unix"

// sysThreadSelfid is SYS_thread_selfid in <sys/syscall.h> since Mac OS X 10.6. golang.org/x/sys has
// it as deprecated, for the sake of wrappers in libSystem; this one, pthread_threadid_np(3), it
// does not have.
const sysThreadSelfid = 372

func threadID() uint64 {
	id, _, _ := unix.RawSyscall(sysThreadSelfid, 0, 0, 0) // It cannot fail.
	return uint64(id)
}
