package socketlist

import (
	"net"
	"strconv"

	"github.com/brood-go/brood/events"
	"github.com/brood-go/brood/reactor"
)

// Prefix begins the cmd of every message of the protocol.
const Prefix = "NODE_SOCKET_"

// A Channel is what a [Peer] needs of the channel to a process.
type Channel interface {
	// Send queues an internal message. Nobody is told when it is lost: the channel ends then, see
	// [Peer.Close]. What a peer that does not read could make grow is not sent while NeedDrain is
	// true.
	Send(v any)

	// NeedDrain reports whether so much is queued that an OnDrain will follow.
	NeedDrain() bool

	// OnDrain calls fn when all of it was sent.
	OnDrain(fn func()) *events.Listener
}

// Lists is the accounting of one loop. Who makes it closes it with the loop.
//
// The methods of Lists must be called on the loop goroutine.
type Lists struct {
	loop    *reactor.Loop
	closed  bool
	servers map[string]*Server // by key, until their close event
}

// New returns the accounting of l, of which there should be no other one: two servers must not have
// the same key.
func New(l *reactor.Loop) *Lists { return &Lists{loop: l, servers: map[string]*Server{}} }

// Close closes the servers that were open when the loop was closed. They get no events. Connections
// belong to whoever took them.
func (h *Lists) Close() error {
	h.closed = true
	var first error
	for _, s := range h.servers {
		if err := s.abandon(); err != nil && first == nil {
			first = err
		}
	}
	return first
}

// uniqueKey returns what the connections of a server at addr are counted under, in Node's form:
// family, address and port. Node takes the port that was asked for, so that two servers at port 0
// share a key and the second one is not counted; here it is the one the server got. Should that
// still be taken, by a socket with SO_REUSEPORT or a server that waits for its last connections, a
// number is added: to the receiver a key is just a text.
func (h *Lists) uniqueKey(addr net.Addr) string {
	key := "-1:" + addr.String() + ":-1"
	if tcp, ok := addr.(*net.TCPAddr); ok {
		family := "6:"
		if tcp.IP.To4() != nil {
			family = "4:"
		}
		key = family + tcp.IP.String() + ":" + strconv.Itoa(tcp.Port)
	}
	unique := key
	for n := 2; h.servers[unique] != nil; n++ {
		unique = key + ":" + strconv.Itoa(n)
	}
	return unique
}
