package signals

import (
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// refusalOfDefault returns the reason why s must keep the runtime's handler, nil if it need not.
func refusalOfDefault(s Signal) error {
	switch err := refusalOf(s); {
	case err == nil && s != syscall.SIGURG:
		return nil
	case err == ErrUnknown || err == ErrUncatchable:
		return err
	}
	switch s {
	// No program can watch these, but the runtime does not need its handlers for them.
	case syscall.SIGPROF, syscall.SIGTRAP, syscall.SIGSYS:
		return nil
	}
	return ErrReserved
}

// setDefault sets the disposition of s by a system call of its own: the runtime does not learn of
// it.
func setDefault(s Signal) error {
	var action [8]uint64 // SIG_DFL is zero, and no architecture's struct sigaction is larger.
	_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(s), uintptr(unsafe.Pointer(&action)), 0, uintptr(maxSignal+7)/8, 0, 0)
	if errno != 0 {
		return os.NewSyscallError("rt_sigaction", errno)
	}
	return nil
}

// unblock unblocks all on the calling thread: the program may have been started with them blocked.
// On the thread of a running loop it leaves the watched ones: the loop's signalfd(2) gets a signal
// only while the thread blocks it. The caller holds dispositions.mu.
func unblock(all []Signal) error {
	var set unix.Sigset_t
	inRun := isSignalfdThread(unix.Gettid())
	for _, s := range all {
		if _, watched := dispositions.bySignal[s]; !watched || !inRun {
			addSignal(&set, s)
		}
	}
	return os.NewSyscallError("pthread_sigmask", unix.PthreadSigmask(unix.SIG_UNBLOCK, &set, nil))
}
