package sandbox

import (
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// install puts a filter in force, with flags of seccomp(2). A process without CAP_SYS_ADMIN has to
// give up set-user-ID programs for that (PR_SET_NO_NEW_PRIVS); one with it keeps them.
func install(flags uintptr, code []unix.SockFilter) error {
	program := unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}
	seccomp := func() (uintptr, unix.Errno) {
		r, _, errno := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, uintptr(unsafe.Pointer(&program)))
		return r, errno
	}
	thread, errno := seccomp()
	if errno == unix.EACCES {
		if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
			return err
		}
		thread, errno = seccomp()
	}
	runtime.KeepAlive(code)
	if errno != 0 {
		return errno
	}
	if thread != 0 { // Only with SECCOMP_FILTER_FLAG_TSYNC.
		return fmt.Errorf("thread %d has a filter of its own", thread)
	}
	return nil
}
