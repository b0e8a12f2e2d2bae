package disposition

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// action is the kernel's struct sigaction, which begins with the handler, but on MIPS with the flags. Nothing else in it
// matters here; it is as large as any of them.
type action struct {
	words [2]uintptr
	_     [256]byte
}

// The handlers that are none.
const (
	sigDfl = 0 // SIG_DFL
	sigIgn = 1 // SIG_IGN
)

// dispositionOf asks the kernel.
func dispositionOf(s syscall.Signal) (a action, ok bool) {
	_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(s), 0, uintptr(unsafe.Pointer(&a)), sigsetSize, 0, 0)
	return a, errno == 0
}

// setDisposition tells the kernel, past the Go runtime.
func setDisposition(s syscall.Signal, a action) {
	// It cannot fail for a signal that dispositionOf knows.
	_, _, _ = unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(s), uintptr(unsafe.Pointer(&a)), 0, sigsetSize, 0, 0)
}

func isIgnored(s syscall.Signal) bool {
	a, ok := dispositionOf(s)
	return ok && a.words[handlerWord] == sigIgn
}
