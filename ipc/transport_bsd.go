//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package ipc

import "golang.org/x/sys/unix"

func recvNonblock(fd int, p, control []byte) (n, controlLen int, truncated bool, err error) {
	n, controlLen, flags, err := recvCloseOnExec(fd, p, control)
	return n, controlLen, flags&unix.MSG_CTRUNC != 0, err
}

// sendNonblock sends the first piece. The Go runtime sees to it that SIGPIPE does no harm.
func sendNonblock(fd int, pieces [][]byte, control []byte) (int, error) {
	return unix.SendmsgN(fd, pieces[0], control, nil, 0)
}
