//go:build darwin || netbsd || openbsd

package fd

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// Darwin cannot make the descriptor close-on-exec in the call that makes it, and x/sys/unix has no such call for the others;
// the lock keeps other goroutines from forking in between.
func accept(fd int) (int, unix.Sockaddr, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	conn, peer, err := unix.Accept(fd)
	if err != nil {
		return -1, nil, err
	}
	unix.CloseOnExec(conn)
	if err := unix.SetNonblock(conn, true); err != nil {
		Close(conn)
		return -1, nil, err
	}
	return conn, peer, nil
}
