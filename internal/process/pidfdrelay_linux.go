package process

import (
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

// A pidfdRelay passes a pidfd from a thread that has a table of its own to this program. To open
// one by the child's number afterwards would be too late if other code of this program has already
// waited for the child.
type pidfdRelay struct {
	thread, program int // ends of a socket pair, both owned, open in both tables; -1: there is none
}

func newPidfdRelay() pidfdRelay {
	a, b, err := fd.SocketPair()
	if err != nil {
		return pidfdRelay{-1, -1}
	}
	return pidfdRelay{a, b}
}

// send is called on the thread. A failure is ignored: then receive returns -1.
func (r pidfdRelay) send(pidfd int) {
	if r.thread >= 0 && pidfd >= 0 {
		_ = unix.Sendmsg(r.thread, []byte{0}, unix.UnixRights(pidfd), nil, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
	}
}

// receive returns the pidfd that was sent, -1 if there is none. The caller must close it.
func (r pidfdRelay) receive() int {
	if r.program < 0 {
		return -1
	}
	message, rights := make([]byte, 1), make([]byte, unix.CmsgSpace(4))
	_, n, _, _, err := unix.Recvmsg(r.program, message, rights, unix.MSG_DONTWAIT|unix.MSG_CMSG_CLOEXEC)
	if err != nil {
		return -1
	}
	parsed, err := unix.ParseSocketControlMessage(rights[:n])
	if err != nil || len(parsed) != 1 {
		return -1
	}
	fds, err := unix.ParseUnixRights(&parsed[0])
	if err != nil || len(fds) != 1 {
		return -1
	}
	pidfd, err := fd.Private(fds[0], nil)
	if err != nil {
		return -1
	}
	return pidfd
}

func (r pidfdRelay) close() {
	if r.program >= 0 {
		fd.Close(r.thread, r.program)
	}
}
