package pool

import (
	"io"

	"github.com/brood-go/brood/reactor"
)

// hub has the pools of one loop that are not stopped. It is a local of the loop, and is closed with
// it.
type hub struct {
	open map[*Pool]struct{}
	door door
}

type hubKey struct{}

// hubOf returns the hub of a loop. The error is reactor.ErrClosed.
func hubOf(l *reactor.Loop) (*hub, error) {
	c, err := l.Local(hubKey{}, func() (io.Closer, error) {
		return &hub{open: map[*Pool]struct{}{}, door: door{closed: make(chan struct{})}}, nil
	})
	if err != nil {
		return nil, err
	}
	return c.(*hub), nil
}

// Close runs when the loop is closed. It kills the workers of the open pools, and waits until no
// goroutine reads a caller's attachment.
func (h *hub) Close() error {
	for p := range h.open {
		p.state = poolStopped
		for t := range p.aside {
			t.copying.stop()
		}
		for _, w := range p.workers {
			w.child.Terminate(0)
		}
	}
	h.door.copies.Wait() // After ErrClosed a caller of Do may use its attachment again.
	close(h.door.closed)
	return nil
}
