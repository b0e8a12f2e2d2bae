package pool

import (
	"io"

	"github.com/brood-go/brood/reactor"
)

// hub has the pools of one loop that have not ended. It is closed with the loop.
type hub struct {
	open map[*Pool]struct{}
	door door
}

type hubKey struct{}

func hubOf(l *reactor.Loop) (*hub, error) {
	c, err := l.Local(hubKey{}, func() (io.Closer, error) {
		return &hub{open: map[*Pool]struct{}{}, door: door{closed: make(chan struct{})}}, nil
	})
	if err != nil {
		return nil, err
	}
	return c.(*hub), nil
}

// Close kills the workers of pools that were open when the loop was closed.
func (h *hub) Close() error {
	for p := range h.open {
		p.state = poolStopped
		for t := range p.aside {
			if t.copying != nil { // Else it is settled.
				t.copying.stop()
			}
		}
		for _, w := range p.workers {
			w.child.Terminate(0)
		}
	}
	h.door.copies.Wait() // Whoever is told that the loop is closed may use an attachment again.
	close(h.door.closed)
	return nil
}
