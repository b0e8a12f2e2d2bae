package ipc

import "github.com/brood-go/brood/reactor"

// wireFrame is a frame that is written now, or of which bytes are still on the wire.
type wireFrame struct {
	end      int64           // offset of its end
	done     func(error)     // SendOptions.Done; nil: OnError gets the reason if the frame is lost
	transfer *handleTransfer // nil: the frame has no handle
	vital    bool            // the peer waits for it, so it is not given up
	gather   bool            // SendOptions.Gather: it may wait for the end of the callback
}

// callback is a queued call of fn with err.
type callback struct {
	fn  func(error) // nil: OnError
	err error
}

// queueCallback calls fn with err on a later tick, in the order of the calls; OnError if fn is nil.
// Each callback has a tick of its own: if one panics, the others still run. Ticks that are queued
// later, such as that of the disconnect event, come behind all of them.
func (c *Channel) queueCallback(fn func(error), err error) {
	c.out.callbacks.push(callback{fn, err})
	c.loop.NextTick(c.out.onCallback)
}

// runCallback is the tick of one callback: it calls the oldest one.
func (c *Channel) runCallback() {
	v := c.out.callbacks.pop()
	if v.fn == nil {
		c.emitError(v.err)
		return
	}
	reactor.Call(c.loop, v.fn, v.err)
}

// advance accounts for n bytes that the kernel took from the wire. It queues the Done of each frame
// that they complete.
func (c *Channel) advance(n int) {
	s := &c.out
	s.passed += int64(n)
	for s.frames.len() > 0 && s.frames.front().end <= s.passed {
		f := s.frames.pop()
		s.begun = f.end
		if f.done != nil {
			c.queueCallback(f.done, nil)
		}
	}
}

// fail queues the callbacks of a lost message, Done and Received, or OnError if it has neither. It
// does not close out, which may be nil.
func (c *Channel) fail(f wireFrame, out *outgoing, err error) {
	if f.done != nil || !out.awaited() {
		c.queueCallback(f.done, err)
	}
	out.tellReceived(c, err)
}
