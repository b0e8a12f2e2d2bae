package fd

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// A platform supplies the following, and returns EINTR to its caller:
//
//	func send(fd int, p []byte) (int, error)
//	func sendmsg(fd int, pieces [][]byte, control []byte) (int, error)    may send the first piece alone
//	func recvmsg(fd int, p, control []byte) (n, controlLen int, truncated bool, err error)
//	func domain(fd int) (int, error)

// Socket is socket(2) with the default protocol. The descriptor is in non-blocking mode. The caller
// must Close it. Its number is not below 3, see [Private]. A second call makes it close-on-exec;
// the lock keeps other goroutines from forking in between.
func Socket(domain, kind int) (int, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	fd, err := Private(unix.Socket(domain, kind, 0))
	if err != nil {
		return -1, err
	}
	unix.CloseOnExec(fd)
	if err := unix.SetNonblock(fd, true); err != nil {
		Close(fd)
		return -1, err
	}
	return fd, nil
}

// Recv is recv(2) that does not wait, whatever the mode of the socket.
func Recv(fd int, p []byte) (int, error) {
	for {
		n, _, err := unix.Recvfrom(fd, p, unix.MSG_DONTWAIT)
		if err != unix.EINTR {
			return max(n, 0), err
		}
	}
}

// Send is send(2) that does not wait, whatever the mode of the socket. Darwin is an exception: it
// observes MSG_DONTWAIT in receiving only (XNU, bsd/kern/uipc_socket.c, sosendcheck). If the peer
// is gone the error is EPIPE or ECONNRESET. On Linux there is no SIGPIPE; elsewhere the Go runtime
// handles it so that it does no harm.
func Send(fd int, p []byte) (int, error) {
	for {
		n, err := send(fd, p)
		if err != unix.EINTR {
			return max(n, 0), err
		}
	}
}

// Sendmsg is [Send] of pieces, in order, and of a control message that goes with the first byte,
// nil for none; unix.UnixRights makes one of descriptors. It borrows the descriptors. It may send
// less than all of the pieces: some platforms send the first only, Linux the first 64. If any byte
// was sent, so was the control message. There must be at least one piece. See sendmsg(2).
func Sendmsg(fd int, pieces [][]byte, control []byte) (int, error) {
	for {
		n, err := sendmsg(fd, pieces, control)
		if err != unix.EINTR {
			return max(n, 0), err
		}
	}
}

// Recvmsg is [Recv] that also fills control, which [NewControl] made, up to controlLen. The caller
// owns the descriptors in it: it finds them by [EachRight] and must Close them. truncated says that
// some were lost because control was too small (MSG_CTRUNC). See recvmsg(2).
func Recvmsg(fd int, p, control []byte) (n, controlLen int, truncated bool, err error) {
	for {
		n, controlLen, truncated, err = recvmsg(fd, p, control)
		if err != unix.EINTR {
			return max(n, 0), controlLen, truncated, err
		}
	}
}

// Domain returns the address family of a socket: unix.AF_INET, AF_INET6, AF_UNIX or another. An
// unbound socket may have AF_UNSPEC on systems other than Linux.
func Domain(fd int) (int, error) { return domain(fd) }

// Lingers reports whether close(2) of a socket may wait for its peer, because its owner has set
// SO_LINGER, see socket(7). It is false for a descriptor that is no socket.
func Lingers(fd int) bool {
	l, err := unix.GetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER)
	return err == nil && l.Onoff != 0 && l.Linger > 0
}
