package ipc

import (
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/reactor"
)

// writeBudget is the number of write calls per readiness.
const writeBudget = 16

// put writes or queues p, a frame that is not held and has no handle. It reports whether it has
// kept the memory of p.
func (c *Channel) put(p []byte, f wireFrame) (kept bool) {
	s := &c.out
	c.noteSend()
	if !s.wire.empty() || s.gate != gateOpen || !s.burst.writesAtOnce(f) {
		kept = c.putOnWire(p, 0, f)
		if s.gate == gateOpen && (s.wire.size >= gatherSize || s.burst.writesAtOnce(f)) {
			c.flush()
		}
		return kept
	}
	piece := [1][]byte{p}
	n, err := fd.Sendmsg(c.fd, piece[:], nil)
	if n == len(p) {
		s.passed += int64(n)
		s.begun = s.passed
		if f.done != nil {
			c.queueCallback(f.done, nil)
		}
		return false
	}
	kept = c.putOnWire(p, n, f)
	if err != nil && err != unix.EAGAIN {
		if c.writeFailed(err) {
			c.checkQueue()
		}
	} else {
		c.setGate(gateFull)
	}
	return kept
}

// putOnWire puts a frame onto the wire of which the kernel has taken n bytes. It reports whether it has
// kept the memory of p.
func (c *Channel) putOnWire(p []byte, n int, f wireFrame) (kept bool) {
	s := &c.out
	f.end = s.offset() + int64(len(p))
	s.frames.push(f)
	kept = s.wire.push(c.hub, p[n:])
	s.passed += int64(n)
	return kept
}

// Flush writes what was sent and is gathered, as far as the kernel takes it, and never blocks. It
// is for a program that ends without coming back to its loop; else nobody needs to call it.
func (c *Channel) Flush() {
	if c.state < stateShut && c.out.gate == gateOpen && !c.out.wire.empty() {
		c.flush()
	}
}

// flush writes what the kernel takes.
func (c *Channel) flush() {
	s := &c.out
	if s.flushing {
		return // What was queued meanwhile is written by the call that is under way.
	}
	s.flushing = true
	defer func() { s.flushing = false }() // Also when a method of an object that was sent panics.
	for range writeBudget {
		if s.wire.empty() {
			break
		}
		t := s.wire.nextTransfer()
		n, err := s.wire.send(c.hub, c.fd)
		if err == unix.EAGAIN {
			break
		}
		if err != nil {
			if !c.writeFailed(err) {
				return
			}
			continue
		}
		s.failures = 0
		c.advance(n)
		if t != nil {
			t.out.markSent()
		}
	}
	if s.wire.empty() {
		c.setGate(gateOpen)
	} else {
		c.setGate(gateFull) // Or the budget is used up.
	}
	c.checkQueue()
}

func (c *Channel) setGate(g gate) {
	if c.out.gate != g {
		c.out.gate = g
		c.update()
	}
}

// checkQueue is called when something may have left the queue.
func (c *Channel) checkQueue() {
	s := &c.out
	if s.needDrain && s.queued() == 0 {
		s.needDrain = false
		c.loop.NextTick(s.onDrained)
	}
	if c.in.eof && s.wire.empty() && c.state < stateClosed {
		c.destroy() // What is held waits for an acknowledgement that does not come any more.
		return
	}
	if !s.idle() {
		return
	}
	if c.state == stateClosing {
		c.queueReadRest()
	} else if c.refs == refCounted {
		c.update()
	}
}

// emitDrain tells nobody when there is no more to send, or there is so much again already.
func (c *Channel) emitDrain() {
	if c.state == stateOpen && !c.out.needDrain {
		reactor.Emit(c.loop, &c.drain, struct{}{})
	}
}

// breakWrites gives up writing: the peer reads no more. What it wrote before is still to be read.
func (c *Channel) breakWrites(err error) {
	if c.in.eof {
		c.destroy()
		return
	}
	s := &c.out
	s.broken = wrap("write", err)
	c.dropQueue(s.broken)
	c.setGate(gateOpen)
	c.checkQueue()
}

// dropQueue gives up everything that is queued, with err for those who wait for it.
func (c *Channel) dropQueue(err error) {
	s := &c.out
	for s.frames.len() > 0 {
		if f := s.frames.pop(); f.transfer == nil {
			c.fail(f, nil, err)
		} else {
			c.fail(f, f.transfer.out, err)
		}
	}
	s.wire.drop(c.hub)
	s.begun = s.passed
	s.replies, s.failures = 0, 0
	if s.retryTimer != nil {
		s.retryTimer.Stop()
		s.retryTimer = nil
	}
	for !s.queue.empty() {
		f := s.queue.pop()
		c.fail(f.onWire, f.out, err)
		if f.out != nil {
			f.out.close(false)
		}
	}
	if t := s.inFlight; t != nil {
		s.inFlight = nil
		t.out.tellReceived(c, err)
		t.out.close(false)
	}
}
