package fd

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// recvCloseOnExec is recvmsg(2). Darwin cannot make received descriptors close-on-exec in the same
// call. The lock keeps other goroutines from forking in between.
func recvCloseOnExec(fd int, p, control []byte) (n, controlLen, flags int, err error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	n, controlLen, flags, _, err = unix.Recvmsg(fd, p, control, unix.MSG_DONTWAIT)
	if err == nil {
		EachRight(control[:controlLen], unix.CloseOnExec)
	}
	return n, controlLen, flags, err
}
