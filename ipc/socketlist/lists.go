package socketlist

import (
	"net"
	"strconv"

	"github.com/brood-go/brood/events"
	"github.com/brood-go/brood/reactor"
)

// Prefix begins the cmd of every message of the protocol.
const Prefix = "NODE_SOCKET_"

// A Channel is the channel to a process, as a [Peer] needs it. Its methods are called on the loop
// goroutine.
type Channel interface {
	// Send queues an internal message. If it is lost, the channel closes, see [Peer.Close]. While
	// NeedDrain is true, a Peer does not send replies, because a peer that asks and does not read
	// would make the queue grow.
	Send(v any)

	// NeedDrain reports whether the queue is so long that OnDrain's event will follow.
	NeedDrain() bool

	// OnDrain calls fn when the queue was sent.
	OnDrain(fn func()) *events.Listener
}

// Lists has the servers of one loop. The caller of New must Close it with the loop.
//
// The methods of Lists must be called on the loop goroutine.
type Lists struct {
	loop    *reactor.Loop
	closed  bool               // Close was called: no event and no tick runs any more
	servers map[string]*Server // by key, until their state is serverClosed
}

// New returns the Lists of l. A loop must have only one, because two servers must not have the same
// key.
func New(l *reactor.Loop) *Lists { return &Lists{loop: l, servers: map[string]*Server{}} }

// Close closes the servers that were open when the loop was closed. They get no events. Connections
// stay open: the program owns them.
func (l *Lists) Close() error {
	l.closed = true
	var first error
	for _, s := range l.servers {
		if err := s.abandon(); err != nil && first == nil {
			first = err
		}
	}
	return first
}

// uniqueKey returns the key of a server at addr, in Node's form: family, address and port. Node
// takes the port that was asked for, so two servers at port 0 share a key and the second one is not
// counted; here it is the bound port. If a server already has the key, because of SO_REUSEPORT or
// because it waits for its last connections, a number is added: to the receiver a key is just a
// string.
func (l *Lists) uniqueKey(addr net.Addr) string {
	key := "-1:" + addr.String() + ":-1"
	if tcp, ok := addr.(*net.TCPAddr); ok {
		family := "6:"
		if tcp.IP.To4() != nil {
			family = "4:"
		}
		key = family + tcp.IP.String() + ":" + strconv.Itoa(tcp.Port)
	}
	unique := key
	for n := 2; l.servers[unique] != nil; n++ {
		unique = key + ":" + strconv.Itoa(n)
	}
	return unique
}
