package cluster

import (
	"io"

	"github.com/brood-go/brood/reactor"
)

// A hub holds the clusters and servers of one loop, so that their descriptors are closed when the
// loop closes. It is the loop's Local and used on the loop goroutine.
type hub struct {
	clusters map[*Cluster]struct{} // all clusters that New made on the loop
	servers  map[*Server]struct{}  // servers that are open or have open connections
}

type hubKey struct{}

// hubOf returns the hub of l, made by the first call. The error is reactor.ErrClosed.
func hubOf(l *reactor.Loop) (*hub, error) {
	h, err := l.Local(hubKey{}, func() (io.Closer, error) {
		return &hub{map[*Cluster]struct{}{}, map[*Server]struct{}{}}, nil
	})
	if err != nil {
		return nil, err
	}
	return h.(*hub), nil
}

// Close runs when the loop closes. It closes the descriptors; no events follow. The workers see
// that their channel has closed, and exit.
func (h *hub) Close() error {
	for c := range h.clusters {
		c.state = stateClosed
		for _, w := range c.workers {
			w.returnAssignment()
		}
		for _, l := range c.listeners {
			l.close()
		}
	}
	for s := range h.servers {
		s.closeWithLoop()
	}
	return nil
}
