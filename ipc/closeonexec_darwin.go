package ipc

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// recvCloseOnExec is recvmsg(2). Darwin cannot make received descriptors close-on-exec in the call that brings them;
// the lock keeps other goroutines from forking in between.
func recvCloseOnExec(fd int, p, control []byte) (n, controlLen, flags int, err error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	n, controlLen, flags, _, err = unix.Recvmsg(fd, p, control, 0)
	if err == nil {
		eachRight(control[:controlLen], unix.CloseOnExec)
	}
	return n, controlLen, flags, err
}
