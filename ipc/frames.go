package ipc

import "github.com/brood-go/brood/reactor"

// wireFrame is a frame on the wire that is not, or not all of it, with the kernel.
type wireFrame struct {
	end      int64           // offset
	done     func(error)     // nil: OnError gets the reason when it cannot be sent
	transfer *handleTransfer // of a frame with a handle; nil: it has none
	vital    bool            // the peer waits for it: it is not given up
	gather   bool            // it may wait for the end of the callback
}

// callback is a callback that has a tick, with what it is told.
type callback struct {
	fn  func(error) // nil: OnError is
	err error
}

// queueCallback has fn called with err on a later tick, in the order of the calls, or OnError when fn is
// nil. Each has a tick of its own: one that panics is no harm to the others, and what is queued
// next, the disconnect event for one, comes behind all.
func (c *Channel) queueCallback(fn func(error), err error) {
	c.out.callbacks.push(callback{fn, err})
	c.loop.NextTick(c.out.onCallback)
}

func (c *Channel) runCallback() {
	v := c.out.callbacks.pop()
	if v.fn == nil {
		c.emitError(v.err)
		return
	}
	reactor.Call(c.loop, v.fn, v.err)
}

// advance notes that the kernel took n bytes.
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

// fail tells those who wait for a message that it is lost: Done and Received, or OnError when there
// is neither.
func (c *Channel) fail(f wireFrame, out *outgoing, err error) {
	if f.done != nil || !out.awaited() {
		c.queueCallback(f.done, err)
	}
	out.tellReceived(c, err)
}
