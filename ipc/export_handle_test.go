package ipc

import (
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/reactor"
)

// Outgoing is a descriptor on its way, as the channel gets it.
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

// Sent does what the channel does when the frame goes out.
func (o *Outgoing) Sent() { o.o.sent() }

// Done does what the channel does when the handle was acknowledged or given up.
func (o *Outgoing) Done(ok bool) {
	_ = unix.Close(o.FD)
	o.o.done(ok)
}

// ReceiveHandle makes a Handle of fd as if it had come over c.
func ReceiveHandle(c *Channel, typ, dgramType, key string, fd int) (*Handle, error) {
	return c.newHandle(typ, dgramType, key, fd)
}

// Claimed reports whether h no longer has its descriptor.
func (h *Handle) Claimed() bool { return h.fd < 0 }

// Limits of the accounting.
const (
	MaxSocketKey = maxSocketKey
	MaxIdleKeys  = maxIdleKeys
)

// KeysHeld returns the number of keys that are kept for what came over c.
func KeysHeld(c *Channel) int {
	hub, err := handleHubOf(c.loop)
	if err != nil {
		panic(err)
	}
	if p := hub.peers[c]; p != nil {
		return len(p.held)
	}
	return 0
}

// OpenHandles returns the number of handles on c's loop that were neither used nor closed.
func OpenHandles(c *Channel) int {
	hub, err := handleHubOf(c.loop)
	if err != nil {
		panic(err)
	}
	return len(hub.handles)
}

// Workers returns the number of processes that s counts connections in.
func (s *Server) Workers() int { return len(s.workers) }

// Key returns what the connections of s are counted under.
func (s *Server) Key() string { return s.key }

// Tally counts connections.
type Tally struct{ t tally }

// NewTally returns one that calls idle on l.
func NewTally(l *reactor.Loop, idle func()) *Tally {
	return &Tally{tally{loop: l, idle: idle}}
}

// BeginAccept is beginAccept.
func (t *Tally) BeginAccept() { t.t.beginAccept() }

// EndAccept is endAccept; leave takes the connection that came out again.
func (t *Tally) EndAccept(came bool) (leave func()) {
	t.t.endAccept(came)
	m := &membership{tally: &t.t}
	return m.leave
}

// Drained is drained.
func (t *Tally) Drained() bool { return t.t.drained() }
