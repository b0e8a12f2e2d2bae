package ipc

import "golang.org/x/sys/unix"

// Outgoing shows an outgoing.
type Outgoing struct {
	o                    *outgoing
	Type, DgramType, Key string
	FD                   int
	Retransmit           bool
}

// OpenOutgoing opens v for sending over c without sending it.
func OpenOutgoing(c *Channel, v any, keepOpen bool) (*Outgoing, error) {
	o, err := c.openOutgoing(v, keepOpen)
	if o == nil {
		return nil, err
	}
	return &Outgoing{o: o, Type: o.typ, DgramType: o.dgramType, Key: o.key, FD: o.fd, Retransmit: o.retransmit}, err
}

// Sent does the same as the channel when the frame is written.
func (o *Outgoing) Sent() { o.o.sent() }

// Done does the same as the channel when the handle was acknowledged or given up.
func (o *Outgoing) Done(ok bool) {
	_ = unix.Close(o.FD)
	o.o.done(ok)
}

// ReceiveHandle makes a Handle of fd as if it had come over c. It takes ownership of fd.
func ReceiveHandle(c *Channel, typ, dgramType, key string, fd int) (*Handle, error) {
	return c.newHandle(typ, dgramType, key, fd)
}

// Used reports whether h was used or closed.
func (h *Handle) Used() bool { return h.fd < 0 }

// Keys returns the number of keys that are kept for connections that came over c.
func Keys(c *Channel) int {
	if c.sockets == nil {
		return 0
	}
	return c.sockets.Keys()
}

// OpenHandles returns the number of handles on c's loop that were neither used nor closed.
func OpenHandles(c *Channel) int { return len(c.hub.handles) }
