//go:build amd64 || arm64

package process

import (
	"os/signal"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// lastSignal is the kernel's highest signal on these architectures.
const lastSignal = 64

// ignoredSignals returns the signals that a child may have to reset to their default because this
// program ignores them: bit n-1 is signal n. It may include one that is not ignored any more, which
// does no harm. It runs in the parent.
//
// The kernel is asked about all of them once, before the first start: a Go program inherits some
// from nohup(1) or make(1), and C code may have set others. That takes 300 ns a signal, so later
// only os/signal is asked, which knows the changes by Go code. SIGHUP and SIGINT are an exception:
// if the program was started with one of them ignored and has caught it for a while, the runtime
// ignores it again, and os/signal does not say so.
func ignoredSignals() uint64 {
	set := ignoredAtFirst() | 1<<(unix.SIGHUP-1) | 1<<(unix.SIGINT-1)
	for s := syscall.Signal(1); s <= lastSignal; s++ {
		if signal.Ignored(s) {
			set |= 1 << (s - 1)
		}
	}
	return set
}

var ignoredAtFirst = sync.OnceValue(func() (set uint64) {
	for s := 1; s <= lastSignal; s++ {
		var action [4]uintptr // struct sigaction, which begins with the handler
		_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(s), 0, uintptr(unsafe.Pointer(&action)), sigsetSize, 0, 0)
		if errno == 0 && action[0] == sigIgn {
			set |= 1 << (s - 1)
		}
	}
	return set
})

const sigIgn = 1 // SIG_IGN
