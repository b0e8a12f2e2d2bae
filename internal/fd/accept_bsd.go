//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package fd

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// accept makes the descriptor close-on-exec in a second call: Darwin cannot do it in the first, and
// golang.org/x/sys/unix lacks accept4(2) for some of the others. The lock keeps other goroutines
// from forking in between.
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
