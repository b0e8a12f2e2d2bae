package childprocess_test

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ignoreForeign makes the kernel ignore a signal that os/signal cannot change.
func ignoreForeign(s syscall.Signal) {
	const sigsetSize = 8
	act := [32]uintptr{1} // SIG_IGN, and the rest of struct sigaction is 0
	_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(s), uintptr(unsafe.Pointer(&act)), 0, sigsetSize, 0, 0)
	if errno != 0 {
		fail(errno)
	}
}
