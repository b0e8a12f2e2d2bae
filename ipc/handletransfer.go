package ipc

import "github.com/brood-go/brood/internal/fd"

// This file sends handles: one at a time, each a handleTransfer from its first write to the peer's
// acknowledgement. Everything sent meanwhile waits in sender.queue. It runs on the loop goroutine.

const (
	// maxTransmissions is how often a connection is sent while the peer answers that it did not
	// arrive (Node v20, lib/internal/child_process.js, MAX_HANDLE_RETRANSMISSIONS).
	maxTransmissions = 4

	// maxReplies is the number of bytes of acknowledgements and counts from which on the peer is
	// not read until all of them are written: a peer that does not read its answers must not make
	// the queue grow.
	maxReplies = 64 << 10
)

// handleTransfer is a frame with a handle, from its first write until the peer's ACK, or its last
// NACK, or until the channel is closed. sender.inFlight points to it for that time.
type handleTransfer struct {
	out           *outgoing
	frame         []byte
	end           int64 // offset of the frame's end; written once sender.passed reaches it
	transmissions int   // so far, at most maxTransmissions
}

// markSent calls o.sent, once. Call it when the kernel has taken the first byte of the frame,
// because the descriptor goes with that byte.
func (o *outgoing) markSent() {
	if sent := o.sent; sent != nil {
		o.sent = nil // The frame may be sent again.
		sent()
	}
}

// awaited reports whether o has a Received callback that was not called yet. o may be nil.
func (o *outgoing) awaited() bool { return o != nil && o.received != nil }

// tellReceived queues the Received callback, if there is one, with err. Later calls do nothing.
func (o *outgoing) tellReceived(c *Channel, err error) {
	if o.awaited() {
		c.queueCallback(o.received, err)
		o.received = nil
	}
}

// close closes this process's duplicate and calls o.done with ok: true if the peer has acknowledged
// the handle. Call it once, when the transfer is over.
func (o *outgoing) close(ok bool) {
	fd.Close(o.fd)
	o.fd = -1
	if o.done != nil {
		o.done(ok)
	}
}

// startTransfer puts a frame with a handle onto the wire. From here on other frames go to
// sender.queue. It takes ownership of frame and out.
func (c *Channel) startTransfer(frame []byte, out *outgoing, done func(error)) {
	t := &handleTransfer{out: out, frame: frame}
	c.out.inFlight = t
	c.sendHandle(t, done)
}

// sendHandle puts the frame of t onto the wire, for the first time or again. done is nil for a
// repetition, because Done was called after the first.
func (c *Channel) sendHandle(t *handleTransfer, done func(error)) {
	s := &c.out
	t.transmissions++
	t.end = s.offset() + int64(len(t.frame))
	s.frames.push(wireFrame{end: t.end, done: done, transfer: t})
	s.wire.pushTransfer(t)
	if s.gate == gateOpen {
		c.flush()
	}
}

// receiveAck takes the peer's answer to the handle in flight: ok for an ACK. An answer without such
// a handle is ignored, because a Node peer sends two for a frame that another Node would have sent
// again.
func (c *Channel) receiveAck(ok bool) {
	s := &c.out
	t := s.inFlight
	if t == nil || t.end > s.passed {
		return
	}
	if !ok {
		if t.out.retransmit && t.transmissions < maxTransmissions && s.broken == nil {
			c.sendHandle(t, nil) // Done was called for the first time.
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

// sendQueued puts the frames of sender.queue onto the wire, up to and including the next one with a
// handle.
func (c *Channel) sendQueued() {
	s := &c.out
	for s.inFlight == nil && !s.queue.empty() {
		f := s.queue.pop()
		c.transmit(f.frame, f.out, f.onWire)
	}
}

// reply puts an ACK or NACK onto the wire, past the frames of sender.queue: otherwise two peers
// that send each other a handle would wait for each other.
func (c *Channel) reply(frame []byte) {
	if c.state >= stateShut || c.out.broken != nil {
		return
	}
	c.out.noteReply(len(frame))
	c.put(frame, wireFrame{done: ignore, vital: true})
}

// noteReply counts an answer of n bytes. Call it right before the answer is put onto the wire.
func (s *sender) noteReply(n int) {
	if s.passed >= s.repliesEnd {
		s.replies = 0
	}
	s.replies += n
	s.repliesEnd = s.offset() + int64(n)
}

// repliesPending reports whether the peer must read its answers before this side reads again.
func (s *sender) repliesPending() bool { return s.replies >= maxReplies && s.passed < s.repliesEnd }

// queuedFrame is a message that waits until the handle in flight is acknowledged.
type queuedFrame struct {
	frame  []byte
	out    *outgoing // nil for a message without a handle
	onWire wireFrame // as it goes onto the wire; end and transfer are zero until then
}

// frameQueue is a queue of such messages, in the order of the calls.
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
