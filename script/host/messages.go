package host

import "github.com/brood-go/brood/script/engine"

// messages wakes the library to deliver messages that were posted to message ports. The queues are
// the library's. Its fields belong to the loop goroutine.
type messages struct {
	h       *Host
	due     bool   // deliver is posted
	release func() // ends the hold on the loop; nil while no port keeps it running
}

// deliver calls the library, which delivers all queued messages.
func (m *messages) deliver() {
	m.due = false
	m.h.repeatHook("messages")
}

// setHold makes the ports keep the loop running, or not.
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

// bindMessages lets the library wake the loop for message ports.
func bindMessages(b *builder) {
	m := &messages{h: b.h}
	b.h.closers[m] = struct{}{}
	// wake() calls the hook on a later turn.
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
