package host

import (
	"math/bits"
	"os"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// signalSelf sends a signal to this process. It sends it to the calling thread, so that the default
// action has happened when signalSelf returns, as in a program with one thread. A signal that is
// blocked here, because the loop reads it, goes to the process.
func signalSelf(s syscall.Signal) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var mask unix.Sigset_t
	if err := unix.PthreadSigmask(unix.SIG_BLOCK, nil, &mask); err != nil || s < 1 {
		return unix.Kill(os.Getpid(), s)
	}
	word, bit := uint(s-1)/bits.UintSize, uint(s-1)%bits.UintSize
	if word >= uint(len(mask.Val)) || mask.Val[word]>>bit&1 != 0 {
		return unix.Kill(os.Getpid(), s)
	}
	return unix.Tgkill(os.Getpid(), unix.Gettid(), s)
}
