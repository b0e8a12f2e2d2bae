package ipc

import (
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/reactor"
)

// This file writes frames: at once, or from the wire when the loop or a later message calls flush.
// It runs on the loop goroutine.

// writeBudget is the number of write calls per readiness. It is bounded because one channel must
// not starve the rest of the loop.
const writeBudget = 16

// put writes the frame p, which has no handle, or puts it onto the wire to be written later. If
// kept is true it has taken ownership of p.
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

// putOnWire puts the frame p onto the wire, without its first n bytes, which the kernel has taken.
// If kept is true it has taken ownership of p.
func (c *Channel) putOnWire(p []byte, n int, f wireFrame) (kept bool) {
	s := &c.out
	f.end = s.offset() + int64(len(p))
	s.frames.push(f)
	kept = s.wire.push(c.hub, p[n:])
	s.passed += int64(n)
	return kept
}

// Flush writes the gathered messages as far as the kernel takes them, and never blocks. Use it in a
// program that exits without coming back to its loop; otherwise the loop does it.
func (c *Channel) Flush() {
	if c.state < stateShut && c.out.gate == gateOpen && !c.out.wire.empty() {
		c.flush()
	}
}

// flush writes the wire's frames as far as the kernel takes them, but makes at most writeBudget
// calls, then sets the gate. Failures go to writeFailed.
func (c *Channel) flush() {
	s := &c.out
	if s.flushing {
		return // The call that is under way writes the new frames too.
	}
	s.flushing = true
	defer func() { s.flushing = false }() // Also when the Close of a sent object panics.
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
		c.setGate(gateFull) // Or the budget is used up: the poller reports the socket again.
	}
	c.checkQueue()
}

// setGate sets the gate, and the watcher with it.
func (c *Channel) setGate(g gate) {
	if c.out.gate != g {
		c.out.gate = g
		c.update()
	}
}

// checkQueue does the things that wait for an empty queue: the drain event, closing after the end
// of the peer's stream, the next step of Disconnect, and letting the loop go. Call it whenever a
// frame has left the queue or a handle was acknowledged. It may close the channel.
func (c *Channel) checkQueue() {
	s := &c.out
	if s.needDrain && s.queued() == 0 {
		s.needDrain = false
		c.loop.NextTick(s.onDrained)
	}
	if c.in.eof && s.wire.empty() && c.state < stateClosed {
		c.Destroy() // Queued frames wait for an acknowledgement that cannot come any more.
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

// emitDrain is the tick of the drain event. It emits nothing if the channel is closing, or
// NeedDrain is true again.
func (c *Channel) emitDrain() {
	if c.state == stateOpen && !c.out.needDrain {
		reactor.Emit(c.loop, &c.drain, struct{}{})
	}
}

// breakWrites gives up writing, with every queued message, because the peer reads no more. The
// channel stays open to read the peer's earlier messages.
func (c *Channel) breakWrites(err error) {
	if c.in.eof {
		c.Destroy()
		return
	}
	s := &c.out
	s.broken = wrap("write", err)
	c.dropQueue(s.broken)
	c.setGate(gateOpen)
	c.checkQueue()
}

// dropQueue drops every frame and handle that is queued or in flight. Their callbacks get err.
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
