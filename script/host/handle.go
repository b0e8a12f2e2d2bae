package host

import (
	"errors"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/script/engine"
)

// receiveHandle returns a value for a handle that came with a message, the handle's kind
// ("connection", "listener", "datagram" or "pipe"), and whether it is a socket of the network. For
// a connection the value is a native stream, which the sender's server counts until it is closed.
// Else it is a descriptor, which the library must close. On error the caller must close the handle.
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

// isNetwork reports whether fd is a socket with an address of the network.
func isNetwork(fd int) bool {
	name, err := unix.Getsockname(fd)
	if err != nil {
		return false
	}
	_, local := name.(*unix.SockaddrUnix)
	return !local
}
