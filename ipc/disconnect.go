package ipc

import "github.com/brood-go/brood/internal/fd"

// Disconnect ends the channel. Connected is false from here on; what was queued is sent first, and a handle among it
// acknowledged, then the descriptor is closed, which is what the peer sees. Messages that come meanwhile, or came
// before, are still delivered. OnDisconnect comes last. On a channel that is not connected OnError gets
// [ErrDisconnected], on the next tick.
//
// A peer that never reads can hold this up for ever; [Channel.Destroy], the end of the peer, and Close of the loop end
// it.
func (c *Channel) Disconnect() {
	switch {
	case c.hub.closed:
		return // There are no more events.
	case c.state != stateOpen:
		c.report(ErrDisconnected)
		return
	}
	c.state = stateClosing
	if !c.out.blocked && !c.out.wire.empty() {
		c.flush()
		return
	}
	c.settle()
}

// finish is for a channel that is to be closed and has nothing left to send.
func (c *Channel) finish() {
	if c.out.broken == nil {
		c.end()
		return
	}
	// The peer reads no more; it may be gone, and what it wrote before is still here.
	if !c.out.restDue {
		c.out.restDue = true
		c.loop.SetImmediate(c.readRest)
	}
}

func (c *Channel) readRest() {
	c.out.restDue = false
	if c.state != stateClosing {
		return
	}
	if c.reads() {
		if c.receive(); c.state == stateClosing && !c.in.empty {
			c.finish()
			return
		}
	}
	c.end()
}

// Destroy ends the channel at once: what is queued is dropped and its callbacks get [ErrChannelClosed]. Messages that
// were read already are still delivered, then OnDisconnect comes. Destroying a channel that has ended does nothing.
func (c *Channel) Destroy() { c.end() }

// end closes the descriptor, by whoever it was decided. The events follow what is queued to be delivered.
func (c *Channel) end() {
	if c.state >= stateClosed {
		return
	}
	c.state = stateClosed
	c.close()
	c.dropQueue(ErrChannelClosed)
	c.loop.NextTick(c.ended)
}

func (c *Channel) close() {
	c.watcher.Close()
	fd.Close(c.fd)
	c.fd = -1
	c.in.rights.settle(false)
}

// ended is the tick behind everything that was received and every callback of a message.
func (c *Channel) ended() {
	c.over = true
	delete(c.hub.open, c)
	c.dropWaiting()
	ends := c.ends
	c.ends = nil
	for _, fn := range ends {
		fn()
	}
	c.disconnect.Emit(struct{}{})
}

// onEnd has fn called once when the channel has ended, just before OnDisconnect; not when it is closed with the loop.
func (c *Channel) onEnd(fn func()) { c.ends = append(c.ends, fn) }

// abandon is the end with the loop, without events: nothing of the channel runs any more, not even the ticks for what is in
// its inbox.
func (c *Channel) abandon() {
	delete(c.hub.open, c)
	if c.state < stateClosed {
		c.state = stateClosed
		c.close()
		for _, f := range c.out.held.frames {
			if f.out != nil {
				fd.Close(f.out.fd)
			}
		}
		if h := c.out.inFlight; h != nil {
			fd.Close(h.out.fd)
		}
		c.out.wire.drop(c.hub)
	}
	c.dropInbox()
	c.dropWaiting()
}

// dropInbox gives up what has come and was not delivered.
func (c *Channel) dropInbox() {
	for c.inbox.n > 0 {
		if s := c.inbox.pop().special; s != nil && s.err == nil {
			fd.Close(s.fd)
		}
	}
}
