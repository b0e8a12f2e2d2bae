package ipc

import (
	"time"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/internal/frames"
)

// readBudget is the number of reads per readiness for a message longer than the read buffer.
// Reading stops earlier at the first message, because messages are delivered from the buffer.
const readBudget = 16

// receiver is the reading half of a channel: it reads on readiness, cuts the bytes into frames and
// queues these in Channel.inbox. It owns the received descriptors until a Handle does.
type receiver struct {
	splitter frames.Splitter // has the bytes of an incomplete frame
	rights   rightsQueue     // descriptors of an incomplete frame
	// a frame of this read was dropped, or the rest of one is being skipped
	dropped bool
	// a descriptor came with the dropped frame; send a NACK once the frame is over
	refuse bool
	// the poller reported it: the peer sends no more bytes than are to be read
	hungUp    bool
	eof       bool  // the end of the stream was read
	bytes     int64 // bytes read so far
	restBytes int   // bytes read since everything was sent, see readRest
	// bytes of the last receive, as the kernel counts them; from stateClosing on, of all receives
	// together
	batch     int
	last      time.Time // time of the last read that found bytes; zero before it
	empty     bool      // the last read found nothing (EAGAIN)
	onInbound func()    // Channel.takeInbound, made once, because making it allocates
}

// wantsRead reports whether the channel may read now. It may not while too many messages wait for a
// listener, or too many answers wait for the peer to read them.
func (c *Channel) wantsRead() bool {
	return c.state < stateClosed && !c.in.eof && (c.in.hungUp || !c.waiting.full() && !c.out.repliesPending())
}

// receive reads until there is a message in the inbox or nothing more to read. The messages are
// parts of the hub's read buffer until they are delivered or kept.
func (c *Channel) receive() {
	c.in.empty = false
	if c.inbox.len() > 0 {
		// The ticks of the last read did not all run in one turn, and their messages are in the
		// buffer.
		return
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
		// ECONNRESET means that the peer closed without reading all of our bytes.
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

// split cuts p into messages and queues them in the inbox.
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

// dropFrame reports a dropped frame to OnError. Descriptors that no other frame takes then came
// with it. Its sender, if it keeps to the protocol, waits for the answer to its handle.
func (c *Channel) dropFrame(err error) {
	c.in.dropped = true
	c.enqueue(inbound{special: &special{err: err}})
}

// enqueueFrame queues one message in the inbox.
func (c *Channel) enqueueFrame(frame []byte) {
	m := c.hub.newMessage()
	m.format, m.raw = c.format, frame
	if c.in.rights.empty() {
		// It is checked when it is delivered. Only a message that may have a descriptor must be
		// checked now.
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

// enqueue queues in for delivery in a tick of its own, as Node does, so a handler that panics costs
// no other message.
func (c *Channel) enqueue(in inbound) {
	c.inbox.push(in)
	c.loop.NextTick(c.in.onInbound)
}
