//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package fd

import "golang.org/x/sys/unix"

func send(fd int, p []byte) (int, error) {
	return unix.SendmsgN(fd, p, nil, nil, unix.MSG_DONTWAIT)
}

// sendmsg sends the first piece only.
func sendmsg(fd int, pieces [][]byte, control []byte) (int, error) {
	return unix.SendmsgN(fd, pieces[0], control, nil, unix.MSG_DONTWAIT)
}

func recvmsg(fd int, p, control []byte) (n, controlLen int, truncated bool, err error) {
	n, controlLen, flags, err := recvCloseOnExec(fd, p, control)
	return n, controlLen, flags&unix.MSG_CTRUNC != 0, err
}
