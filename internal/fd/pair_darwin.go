package fd

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// Darwin cannot make a descriptor close-on-exec in the call that opens it. The lock keeps other
// goroutines from forking between the two calls.

func pipe(nonblock bool) (r, w int, err error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	var fds [2]int
	if err := unix.Pipe(fds[:]); err != nil {
		return -1, -1, err
	}
	unix.CloseOnExec(fds[0])
	unix.CloseOnExec(fds[1])
	if nonblock {
		for _, fd := range fds {
			if err := unix.SetNonblock(fd, true); err != nil {
				Close(fds[:]...)
				return -1, -1, err
			}
		}
	}
	return fds[0], fds[1], nil
}

func socketPair() (a, b int, err error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return -1, -1, err
	}
	unix.CloseOnExec(fds[0])
	unix.CloseOnExec(fds[1])
	return fds[0], fds[1], nil
}
