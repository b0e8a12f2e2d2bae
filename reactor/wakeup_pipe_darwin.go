package reactor

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// wakeupPipe has no pipe2(2) here, so no child may be forked between the calls.
func wakeupPipe() (r, w int, err error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	var fds [2]int
	if err := unix.Pipe(fds[:]); err != nil {
		return -1, -1, err
	}
	for _, fd := range fds {
		unix.CloseOnExec(fd)
		if err := unix.SetNonblock(fd, true); err != nil {
			_ = unix.Close(fds[0]) // Nothing was written: closing loses nothing.
			_ = unix.Close(fds[1])
			return -1, -1, err
		}
	}
	return fds[0], fds[1], nil
}
