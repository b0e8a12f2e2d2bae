//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package host

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// signalSelf sends a signal to this process. The system chooses the thread, and the signal's action
// may happen a little later.
func signalSelf(s syscall.Signal) error { return unix.Kill(os.Getpid(), s) }
