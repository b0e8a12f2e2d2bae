package ipc

import (
	"io"

	"github.com/brood-go/brood/reactor"
)

// handleHub is what the handles and servers of one loop share. The loop keeps it, see [reactor.Loop.Local], and closes
// it.
type handleHub struct {
	loop    *reactor.Loop
	closed  bool
	handles map[*Handle]struct{}     // received, neither used nor closed
	leaving map[any]struct{}         // connections that a queued message will take away
	servers map[string]*Server       // by key, until their close event
	peers   map[*Channel]*socketPeer // channels that a counted connection went or came over, until they end
}

type handleHubKey struct{}

func handleHubOf(l *reactor.Loop) (*handleHub, error) {
	c, err := l.Local(handleHubKey{}, func() (io.Closer, error) {
		return &handleHub{
			loop:    l,
			handles: map[*Handle]struct{}{},
			leaving: map[any]struct{}{},
			servers: map[string]*Server{},
			peers:   map[*Channel]*socketPeer{},
		}, nil
	})
	if err != nil {
		return nil, err
	}
	return c.(*handleHub), nil
}

// Close closes the handles and servers that were open when the loop was closed. They get no events. Connections belong
// to whoever took them.
func (h *handleHub) Close() error {
	h.closed = true
	for handle := range h.handles {
		_ = handle.Close() // It returns no error.
	}
	var first error
	for _, s := range h.servers {
		if err := s.abandon(); err != nil && first == nil {
			first = err
		}
	}
	clear(h.peers)
	return first
}
