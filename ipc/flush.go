package ipc

import (
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

const (
	// eagerWrites is the number of messages, sent in one callback and the ticks behind it, that are written at once.
	// Those that follow are gathered and written together. Written at once means that a program may exit right behind
	// it.
	eagerWrites = 64

	// gatherSize is the number of gathered bytes that are written without waiting for the end of the callback.
	gatherSize = 64 << 10

	// writeBudget is the number of write calls per readiness.
	writeBudget = 16
)

// put writes or queues a frame that is not held. It reports whether it has kept the memory of p.
func (c *Channel) put(p []byte) (kept bool) {
	s := &c.out
	if !s.tickDue {
		s.tickDue = true
		c.loop.NextTick(s.onTick)
	}
	if s.wire.empty() && s.burst < eagerWrites {
		s.burst++
		piece := [1][]byte{p}
		n, err := fd.Sendmsg(c.fd, piece[:], nil)
		if err != nil && err != unix.EAGAIN {
			c.breakWrites(err)
			return false
		}
		if n == len(p) {
			c.advance(n)
			return false
		}
		kept = s.wire.push(c.hub, p[n:])
		c.advance(n)
		c.setBlocked(true)
		return kept
	}
	kept = s.wire.push(c.hub, p)
	if !s.blocked && s.wire.size >= gatherSize {
		c.flush()
	}
	return kept
}

// flushTick is behind everything that the callback and its ticks have sent.
func (c *Channel) flushTick() {
	c.out.tickDue = false
	c.out.burst = 0
	if c.state < stateClosed && !c.out.blocked && !c.out.wire.empty() {
		c.flush()
	}
}

// flush writes what the kernel takes.
func (c *Channel) flush() {
	s := &c.out
	for range writeBudget {
		if s.wire.empty() {
			break
		}
		n, err := s.wire.send(c.hub, c.fd)
		if err == unix.EAGAIN {
			break
		}
		if err != nil {
			c.breakWrites(err)
			return
		}
		c.advance(n)
	}
	c.setBlocked(!s.wire.empty())
	c.settle()
}

func (c *Channel) setBlocked(blocked bool) {
	if c.out.blocked != blocked {
		c.out.blocked = blocked
		c.update()
	}
}

// settle is called when something may have left the queue.
func (c *Channel) settle() {
	s := &c.out
	if s.needDrain && s.queued() == 0 {
		s.needDrain = false
		c.loop.NextTick(s.drained)
	}
	if !s.idle() {
		return
	}
	if c.state == stateClosing {
		c.finish()
	} else if c.refs == refCounted {
		c.update()
	}
}

// emitDrain tells nobody when there is no more to send, or there is so much again already.
func (c *Channel) emitDrain() {
	if c.state == stateOpen && !c.out.needDrain {
		c.drain.Emit(struct{}{})
	}
}

// breakWrites gives up writing: the peer reads no more. What it wrote before is still to be read.
func (c *Channel) breakWrites(err error) {
	s := &c.out
	s.broken = wrap("write", err)
	if s.anonymous > s.written {
		c.report(s.broken)
	}
	c.dropQueue(s.broken)
	c.setBlocked(false)
	c.settle()
}

// dropQueue gives up everything that is queued, with err for those who wait for it.
func (c *Channel) dropQueue(err error) {
	s := &c.out
	c.failMarks(err)
	s.wire.drop(c.hub)
	s.replies = 0
	for !s.held.empty() {
		f := s.held.pop()
		if f.done != nil {
			s.marks = append(s.marks, mark{done: f.done, err: err})
		}
		if f.out != nil {
			f.out.release(false)
		}
	}
	c.queueMarks()
	if h := s.inFlight; h != nil {
		s.inFlight = nil
		h.out.release(false)
	}
}
