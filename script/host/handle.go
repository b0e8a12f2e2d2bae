package host

import (
	"errors"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/script/engine"
)

// receiveHandle returns what the library makes a handle of that came with a message, and what it
// is: "connection", "listener", "datagram" or "pipe", and whether it is one of the network's. A
// connection is a native stream, which the sender's server counts until it is closed; of the others
// it is the descriptor, which is the library's.
func (h *Host) receiveHandle(s *engine.Scope, handle *ipc.Handle) (made engine.Value, kind string, network bool,
	err error) {
	if handle.Kind() == ipc.Stream {
		d, err := handle.Duplex(h.loop)
		if err != nil {
			return s.Undefined(), "", false, err
		}
		network = isNetwork(d.FD())
		made, err = h.newConnection(s, d)
		return made, "connection", network, err
	}
	names := map[ipc.Kind]string{ipc.Listener: "listener", ipc.Bound: "listener", ipc.Datagram: "datagram",
		ipc.Pipe: "pipe"}
	if kind = names[handle.Kind()]; kind == "" {
		return s.Undefined(), "", false, errors.New("a handle of no kind that scripts know")
	}
	fd, err := handle.Detach()
	return s.Int(int64(fd)), kind, isNetwork(fd), err
}

// isNetwork reports whether a descriptor is a socket that has an address of the network.
func isNetwork(fd int) bool {
	name, err := unix.Getsockname(fd)
	if err != nil {
		return false
	}
	_, local := name.(*unix.SockaddrUnix)
	return !local
}
