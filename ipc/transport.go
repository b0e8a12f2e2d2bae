package ipc

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// A platform supplies:
//
//	func recvNonblock(fd int, p, control []byte) (n, controlLen int, truncated bool, err error)
//	    recvmsg(2) that does not wait. The descriptors in control are close-on-exec. truncated is MSG_CTRUNC.
//	func sendNonblock(fd int, pieces [][]byte, control []byte) (int, error)
//	    sendmsg(2) that does not wait. Some platforms take only the first of the pieces.
//
// Their errors are bare errnos; EINTR is the caller's.

const (
	// maxRights is the largest number of descriptors in one message (SCM_MAX_FD of Linux; others allow less, or as many
	// as fit into a control message that the receiver limits, which is here).
	maxRights = 253

	// maxPieces is the number of pieces in one call; sendmsg(2) allows 1024.
	maxPieces = 64

	fdSize = 4 // bytes of a descriptor in a control message
)

func recvRetry(fd int, p, control []byte) (n, controlLen int, truncated bool, err error) {
	for {
		n, controlLen, truncated, err = recvNonblock(fd, p, control)
		if err != unix.EINTR {
			return max(n, 0), controlLen, truncated, err
		}
	}
}

func sendRetry(fd int, pieces [][]byte, control []byte) (int, error) {
	for {
		n, err := sendNonblock(fd, pieces, control)
		if err != unix.EINTR {
			return max(n, 0), err
		}
	}
}

// eachRight calls fn with each descriptor in control. It does not allocate.
func eachRight(control []byte, fn func(fd int)) {
	for len(control) >= unix.CmsgLen(0) {
		h, data, rest, err := unix.ParseOneSocketControlMessage(control)
		if err != nil {
			return // What is cut off in the middle holds no whole descriptor.
		}
		if h.Level == unix.SOL_SOCKET && h.Type == unix.SCM_RIGHTS {
			for ; len(data) >= fdSize; data = data[fdSize:] {
				fn(int(int32(binary.NativeEndian.Uint32(data))))
			}
		}
		control = rest
	}
}

// checkSocket reports why fd cannot be a channel.
func checkSocket(fd int) error {
	kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
	if err == nil && kind != unix.SOCK_STREAM {
		err = unix.EPROTOTYPE
	}
	return err
}
