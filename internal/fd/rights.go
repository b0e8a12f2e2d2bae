package fd

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

const (
	// maxRights is the largest number of descriptors in one message: SCM_MAX_FD of Linux. Other
	// systems allow fewer, or as many as fit into the receiver's control buffer.
	maxRights = 253

	rightSize = 4 // bytes of a descriptor in a control message
)

// NewControl returns a buffer for the control message of [Recvmsg], with room for the most
// descriptors that a message on Linux can have.
func NewControl() []byte { return make([]byte, unix.CmsgSpace(maxRights*rightSize)) }

// EachRight calls fn with each descriptor in a control message, in order, see unix(7), SCM_RIGHTS.
// It does not allocate.
func EachRight(control []byte, fn func(fd int)) {
	for len(control) >= unix.CmsgLen(0) {
		h, data, rest, err := unix.ParseOneSocketControlMessage(control)
		if err != nil {
			return // A part that is cut off in the middle holds no whole descriptor.
		}
		if h.Level == unix.SOL_SOCKET && h.Type == unix.SCM_RIGHTS {
			for ; len(data) >= rightSize; data = data[rightSize:] {
				fn(int(int32(binary.NativeEndian.Uint32(data))))
			}
		}
		control = rest
	}
}
