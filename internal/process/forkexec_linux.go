package process

import (
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

func requestPidfd(attr *syscall.SysProcAttr, pidfd *int) { attr.PidFD = pidfd }

// withEmptyMask calls fn on this thread if its signal mask is empty. Otherwise, as on the thread of a loop that watches
// signals, another thread does: to unblock them here for a moment would deliver what is pending a second time.
func withEmptyMask(fn func()) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if mask := signalMask(); mask == (unix.Sigset_t{}) {
		fn()
		return
	}
	done := make(chan struct{})
	// It ends with fn, which this function waits for.
	go func() {
		defer close(done)
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		old := signalMask()
		// Threads have blocked what this program was started with. It cannot fail with these arguments.
		_ = unix.PthreadSigmask(unix.SIG_SETMASK, new(unix.Sigset_t), nil)
		defer func() { _ = unix.PthreadSigmask(unix.SIG_SETMASK, &old, nil) }()
		fn()
	}()
	<-done
}

func signalMask() (mask unix.Sigset_t) {
	_ = unix.PthreadSigmask(unix.SIG_BLOCK, nil, &mask) // It cannot fail with these arguments.
	return mask
}
