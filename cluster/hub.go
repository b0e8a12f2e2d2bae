package cluster

import (
	"io"

	"github.com/brood-go/brood/reactor"
)

// hub has what is on a loop and holds descriptors: they are closed with it.
type hub struct {
	clusters map[*Cluster]struct{}
	servers  map[*Server]struct{}
}

type hubKey struct{}

func hubOf(l *reactor.Loop) (*hub, error) {
	h, err := l.Local(hubKey{}, func() (io.Closer, error) {
		return &hub{map[*Cluster]struct{}{}, map[*Server]struct{}{}}, nil
	})
	if err != nil {
		return nil, err
	}
	return h.(*hub), nil
}

// Close closes the descriptors. There are no events any more. Workers see the end of their channel
// and exit.
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
