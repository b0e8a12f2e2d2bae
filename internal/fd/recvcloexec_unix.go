//go:build dragonfly || freebsd || netbsd || openbsd

package fd

import "golang.org/x/sys/unix"

// recvCloseOnExec is recvmsg(2).
func recvCloseOnExec(fd int, p, control []byte) (n, controlLen, flags int, err error) {
	n, controlLen, flags, _, err = unix.Recvmsg(fd, p, control, unix.MSG_DONTWAIT|unix.MSG_CMSG_CLOEXEC)
	return n, controlLen, flags, err
}
