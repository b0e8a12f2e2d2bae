//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package fd

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// Darwin cannot make the descriptor close-on-exec in the call that makes it, and x/sys/unix does
// not have that call for all of the others; the lock keeps other goroutines from forking in
// between.
func accept(fd int) (int, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	conn, _, err := unix.Accept(fd)
	if err != nil {
		return -1, err
	}
	unix.CloseOnExec(conn)
	if err := unix.SetNonblock(conn, true); err != nil {
		Close(conn)
		return -1, err
	}
	return conn, nil
}
