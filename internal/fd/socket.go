package fd

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// A platform supplies, where EINTR is the caller's:
//
//	func send(fd int, p []byte) (int, error)
//	func sendmsg(fd int, pieces [][]byte, control []byte) (int, error)    may send the first piece alone
//	func recvmsg(fd int, p, control []byte) (n, controlLen int, truncated bool, err error)
//	func domain(fd int) (int, error)

// Socket is socket(2) with the default protocol. The descriptor is close-on-exec, where the lock
// keeps other goroutines from forking before it is, and in non-blocking mode. The caller must Close
// it.
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

// Send is send(2) that does not wait, whatever the mode of the socket; except on Darwin, which
// heeds MSG_DONTWAIT in receiving only (XNU, bsd/kern/uipc_socket.c, sosendcheck). A peer that is
// gone is EPIPE or ECONNRESET; on Linux there is no SIGPIPE, and elsewhere the Go runtime sees to
// it that it does no harm.
func Send(fd int, p []byte) (int, error) {
	for {
		n, err := send(fd, p)
		if err != unix.EINTR {
			return max(n, 0), err
		}
	}
}

// Sendmsg is [Send] of several pieces, of which there must be one, in order, and of a control
// message that goes with the first byte, nil for none; unix.UnixRights makes one of descriptors. It
// borrows those. It may send less than all of the pieces: some platforms take the first only, Linux
// the first 64. When any byte was sent, so was the control message. See sendmsg(2).
func Sendmsg(fd int, pieces [][]byte, control []byte) (int, error) {
	for {
		n, err := sendmsg(fd, pieces, control)
		if err != unix.EINTR {
			return max(n, 0), err
		}
	}
}

// Recvmsg is [Recv] that also fills control, which [NewControl] made, to the length controlLen. The
// descriptors in it are the caller's, who finds them by [EachRight] and must Close them; truncated
// says that some were lost for want of room (MSG_CTRUNC). See recvmsg(2).
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

// Lingers reports whether close(2) of a socket may wait for its peer: its owner asked for that by
// SO_LINGER, see socket(7). For what is no socket it is false.
func Lingers(fd int) bool {
	l, err := unix.GetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER)
	return err == nil && l.Onoff != 0 && l.Linger > 0
}
