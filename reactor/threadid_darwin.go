package reactor

import "golang.org/x/sys/unix"

// sysThreadSelfid is SYS_thread_selfid of <sys/syscall.h>, in Mac OS X since 10.6. golang.org/x/sys
// marks it as deprecated in favour of wrappers in libSystem, but has no wrapper for this one,
// pthread_threadid_np(3).
const sysThreadSelfid = 372

func threadID() uint64 {
	id, _, _ := unix.RawSyscall(sysThreadSelfid, 0, 0, 0) // It cannot fail.
	return uint64(id)
}
