package ipc

import "github.com/brood-go/brood/internal/fd"

const (
	// maxTransmissions is how often a connection is sent to a peer that says it did not get it
	// (Node v20, lib/internal/child_process.js, MAX_HANDLE_RETRANSMISSIONS).
	maxTransmissions = 4

	// maxReplies is the number of bytes of answers to a peer that does not read them, past which it
	// is not read either.
	maxReplies = 64 << 10
)

// handleTransfer is a frame with a handle between its sending and its acknowledgement.
type handleTransfer struct {
	out   *outgoing
	frame []byte
	end   int64 // offset of the end of the frame
	sent  int   // transmissions
}

// markSent is called when the kernel has taken the first byte of the frame, and with it the
// descriptor.
func (o *outgoing) markSent() {
	if sent := o.sent; sent != nil {
		o.sent = nil // A frame may be sent again.
		sent()
	}
}

// awaited reports whether somebody waits to be told what becomes of the handle, if there is one.
func (o *outgoing) awaited() bool { return o != nil && o.received != nil }

// tellReceived tells who waits what has become of the handle.
func (o *outgoing) tellReceived(c *Channel, err error) {
	if o.awaited() {
		c.queueCallback(o.received, err)
		o.received = nil
	}
}

// close closes the descriptor: the peer has its own, or never will.
func (o *outgoing) close(ok bool) {
	fd.Close(o.fd)
	o.fd = -1
	if o.done != nil {
		o.done(ok)
	}
}

// startTransfer puts a frame with a handle onto the wire. From here on everything else is held.
func (c *Channel) startTransfer(frame []byte, out *outgoing, done func(error)) {
	t := &handleTransfer{out: out, frame: frame}
	c.out.inFlight = t
	c.sendHandle(t, done)
}

func (c *Channel) sendHandle(t *handleTransfer, done func(error)) {
	s := &c.out
	t.sent++
	t.end = s.offset() + int64(len(t.frame))
	s.frames.push(wireFrame{end: t.end, done: done, transfer: t})
	s.wire.pushTransfer(t)
	if s.gate == gateOpen {
		c.flush()
	}
}

// receiveAck is the peer's answer to the handle in flight. One that nobody waits for is ignored:
// Node peers send two for a frame that another Node would have sent again.
func (c *Channel) receiveAck(ok bool) {
	s := &c.out
	t := s.inFlight
	if t == nil || t.end > s.passed {
		return
	}
	if !ok {
		if t.out.retransmit && t.sent < maxTransmissions && s.broken == nil {
			c.sendHandle(t, nil) // Of the first time Done has been told.
			return
		}
		if !t.out.awaited() {
			c.report(ErrHandleNotReceived)
		}
		t.out.tellReceived(c, ErrHandleNotReceived)
	}
	t.out.tellReceived(c, nil)
	s.inFlight = nil
	t.out.close(ok)
	c.sendQueued()
	c.checkQueue()
}

// sendQueued puts what was held behind a handle onto the wire, up to the next handle.
func (c *Channel) sendQueued() {
	s := &c.out
	for s.inFlight == nil && !s.queue.empty() {
		f := s.queue.pop()
		c.transmit(f.frame, f.out, f.onWire)
	}
}

// reply puts an answer onto the wire, past what is held.
func (c *Channel) reply(frame []byte) {
	if c.state >= stateShut || c.out.broken != nil {
		return
	}
	c.out.noteReply(len(frame))
	c.put(frame, wireFrame{done: ignore, vital: true})
}

// noteReply counts an answer of n bytes that is about to be queued.
func (s *sender) noteReply(n int) {
	if s.passed >= s.repliesEnd {
		s.replies = 0
	}
	s.replies += n
	s.repliesEnd = s.offset() + int64(n)
}

// repliesPending reports whether the peer should read before it is read again.
func (s *sender) repliesPending() bool { return s.replies >= maxReplies && s.passed < s.repliesEnd }

// queuedFrame is a message that waits for the acknowledgement of a handle.
type queuedFrame struct {
	frame  []byte
	out    *outgoing // nil for a plain message
	onWire wireFrame // what it will be on the wire; end and transfer are not known yet
}

// frameQueue has the messages that wait, in order.
type frameQueue struct {
	frames ring[queuedFrame]
	size   int // bytes
}

func (q *frameQueue) empty() bool { return q.frames.len() == 0 }
func (q *frameQueue) len() int    { return q.frames.len() }

func (q *frameQueue) push(f queuedFrame) {
	q.frames.push(f)
	q.size += len(f.frame)
}

func (q *frameQueue) pop() queuedFrame {
	f := q.frames.pop()
	q.size -= len(f.frame)
	return f
}
