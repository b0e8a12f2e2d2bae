package host

import "github.com/brood-go/brood/script/engine"

// messages has the loop deliver what is posted to message ports, whose queues are the library's.
type messages struct {
	h       *Host
	due     bool
	release func() // of the loop, while a port keeps it running
}

func (m *messages) deliver() {
	m.due = false
	m.h.repeatHook("messages")
}

// setHold says whether ports keep the loop running.
func (m *messages) setHold(on bool) {
	switch {
	case on && m.release == nil:
		m.release = m.h.loop.Hold()
	case !on && m.release != nil:
		m.release()
		m.release = nil
	}
}

func (m *messages) close() { m.setHold(false) }

func bindMessages(b *builder) {
	m := &messages{h: b.h}
	b.h.closers[m] = struct{}{}
	// wake has the hook called in one of the loop's next turns.
	b.fn("wake", func(c *engine.Call) (engine.Value, error) {
		if m.due {
			return c.Undefined(), nil
		}
		m.due = true
		return c.Undefined(), m.h.loop.Post(m.deliver)
	})
	b.fn("hold", func(c *engine.Call) (engine.Value, error) {
		m.setHold(c.Arg(0).Bool())
		return c.Undefined(), nil
	})
}
