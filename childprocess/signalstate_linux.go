package childprocess

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// emptySignalMask empties the mask of the calling thread, which its caller has locked. A child inherits the mask of the thread that forks it, and the loop's thread may
// block what package signals watches.
func emptySignalMask() (restore func()) {
	var empty, old unix.Sigset_t
	// It cannot fail with these arguments.
	_ = unix.PthreadSigmask(unix.SIG_SETMASK, &empty, &old)
	if old == empty {
		return func() {}
	}
	return func() { _ = unix.PthreadSigmask(unix.SIG_SETMASK, &old, nil) }
}

// leftAlone are the signals whose inherited SIG_IGN the Go runtime keeps and does not always report by signal.Ignored.
var leftAlone = [...]syscall.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU, syscall.SIGCONT}

// inheritedIgnored asks the kernel: only it knows.
func inheritedIgnored() (list []os.Signal) {
	for _, s := range leftAlone {
		if isIgnored(s) {
			list = append(list, s)
		}
	}
	return list
}
