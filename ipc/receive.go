package ipc

import (
	"time"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/internal/frames"
)

// readBudget is the number of reads per readiness of a message that is longer than the read buffer.
// Reading stops earlier at the first message, because messages are delivered from the buffer.
const readBudget = 16

// receiver is the reading half of a channel.
type receiver struct {
	splitter  frames.Splitter
	rights    rightsQueue
	dropped   bool  // a frame of this read, or one that is being skipped, was dropped
	refuse    bool  // a descriptor came with it, of which the peer is to be told
	hungUp    bool  // the peer sends no more than what is to be read
	eof       bool  // that was read
	bytes     int64 // read so far
	restBytes int   // bytes that have come since everything was sent, see readRest
	// what the last receive took, and all since the channel is to be closed, as the kernel counts
	// it
	batch     int
	last      time.Time // when bytes came last
	empty     bool      // the last read found nothing
	onInbound func()    // Channel.takeInbound, made once so that queueing it does not allocate
}

// wantsRead reports whether the channel wants to read now. It does not while too much waits for a
// listener, or for a peer that makes us answer and does not read the answers.
func (c *Channel) wantsRead() bool {
	return c.state < stateClosed && !c.in.eof && (c.in.hungUp || !c.waiting.full() && !c.out.repliesPending())
}

// receive reads until there are messages, or nothing more.
func (c *Channel) receive() {
	c.in.empty = false
	if c.inbox.len() > 0 {
		return // The loop has so many ticks to run that what came before is still to be delivered.
	}
	c.in.splitter.Recycle()
	if c.state == stateOpen {
		c.in.batch = 0
	}
	for range readBudget {
		buf := c.hub.lendBuffer(c)
		n, controlLen, truncated, err := fd.Recvmsg(c.fd, buf, c.hub.control)
		if c.in.empty = err == unix.EAGAIN; c.in.empty {
			return
		}
		c.in.rights.add(c.hub.control[:controlLen], truncated)
		if truncated {
			c.enqueue(inbound{special: &special{err: ErrHandlesTruncated}})
		}
		// Reset means that the peer closed without reading all of ours.
		if err != nil && err != unix.ECONNRESET {
			c.report(wrap("recvmsg", err))
		}
		if n == 0 {
			c.peerEnded()
			return
		}
		c.in.bytes += int64(n)
		c.in.restBytes, c.in.last = c.in.restBytes+n, c.loop.Now()
		c.split(buf[:n])
		c.in.batch += n + skbCost*c.inbox.len()
		if c.inbox.len() > 0 || n < len(buf) && !c.in.hungUp {
			return
		}
	}
}

// split cuts p into messages and queues them.
func (c *Channel) split(p []byte) {
	for len(p) > 0 {
		frame, rest, err := c.in.splitter.Next(p)
		switch {
		case err != nil && frame == nil:
			c.dropFrame(&MessageError{Err: err})
		case err != nil:
			c.dropFrame(badMessage(frame, err))
		case frame != nil:
			c.enqueueFrame(frame)
		}
		p = rest
	}
	if c.in.rights.closeUnclaimed(c.in.splitter.Partial()) && c.in.dropped {
		c.in.refuse = true
	}
	c.in.dropped = c.in.splitter.Skipping()
	if c.in.refuse && !c.in.dropped {
		c.in.refuse = false
		c.enqueue(inbound{message: &Message{}, special: &special{cmd: cmdHandle, fd: -1}})
	}
}

// dropFrame reports a frame that nobody gets. Descriptors that nobody takes then were its own, and its
// sender, if it keeps to the protocol, sends nothing else until it is told what became of them.
func (c *Channel) dropFrame(err error) {
	c.in.dropped = true
	c.enqueue(inbound{special: &special{err: err}})
}

// enqueueFrame queues one message.
func (c *Channel) enqueueFrame(frame []byte) {
	m := c.hub.newMessage()
	m.format, m.raw = c.format, frame
	if c.in.rights.empty() {
		// What it is, and whether it is well formed, is found when it is read. That matters before
		// only where a descriptor may be its own.
		m.unread = true
		c.enqueue(inbound{message: m})
		return
	}
	cmd, err := c.format.inspect(m)
	switch {
	case err != nil:
		c.dropFrame(badMessage(frame, err))
	case cmd == "":
		c.enqueue(inbound{message: m})
	case cmd == cmdHandle:
		c.enqueue(inbound{message: m, special: &special{cmd: cmd, fd: c.in.rights.take()}})
	default:
		c.enqueue(inbound{message: m, special: &special{cmd: cmd, fd: -1}})
	}
}

// enqueue has in delivered in a callback of its own, as Node does: what one handler breaks, the
// next one does not feel.
func (c *Channel) enqueue(in inbound) {
	c.inbox.push(in)
	c.loop.NextTick(c.in.onInbound)
}
