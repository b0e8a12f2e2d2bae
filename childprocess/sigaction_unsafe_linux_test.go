package childprocess_test

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ignoreForeign has the kernel ignore a signal that os/signal cannot touch.
func ignoreForeign(s syscall.Signal) {
	const sigsetSize = 8
	act := [32]uintptr{1} // SIG_IGN, and nothing else of struct sigaction
	_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(s), uintptr(unsafe.Pointer(&act)), 0, sigsetSize, 0, 0)
	if errno != 0 {
		fail(errno)
	}
}
