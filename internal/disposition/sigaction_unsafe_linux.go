package disposition

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// isIgnored asks the kernel whether the disposition of s is SIG_IGN.
func isIgnored(s syscall.Signal) bool {
	const sigIgn = 1
	// struct sigaction begins with the handler, but on MIPS with the flags.
	var action struct {
		words [2]uintptr
		_     [256]byte
	}
	_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(s), 0, uintptr(unsafe.Pointer(&action)), sigsetSize, 0, 0)
	return errno == 0 && action.words[handlerWord] == sigIgn
}
