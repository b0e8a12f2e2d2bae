package ipc

import (
	"bytes"

	"github.com/brood-go/brood/reactor"
)

// drainMark is the number of queued bytes from which on NeedDrain is true, as in Node (v20,
// lib/internal/child_process.js, twice its 64 KiB high-water mark).
const drainMark = 128 << 10

// frameCost is the number of bytes that a queued message counts besides its length, because small
// messages take memory too.
const frameCost = 64

// sender is the writing half of a channel. It owns every queued frame and the descriptors in
// outgoing.
//
// Frames go onto the wire, a queue in front of the kernel, in the order of the calls. Behind a
// frame with a handle nothing follows until the peer has acknowledged it: later frames go to queue.
// Only the answers to the peer's own handles pass them; otherwise two processes that send each
// other handles would wait for each other.
type sender struct {
	wire     writeQueue      // bytes that the kernel has not taken
	inFlight *handleTransfer // the handle that the peer has not acknowledged; nil: none
	queue    frameQueue      // empty unless a handle is in flight

	frames ring[wireFrame] // the frames with bytes in wire, in order
	// bytes that have left the wire, written or dropped; other offsets count the same bytes
	passed int64
	// offset of the beginning of the first of frames; less than passed if the kernel has a part of
	// it
	begun  int64
	broken error // the reason why nothing can be written any more; nil: it can

	callbacks ring[callback] // runCallback is queued once for each

	// bytes of the answers to the peer (see reply) since all of them were last written
	replies    int
	repliesEnd int64 // offset of the end of the last answer

	burst      burst
	gate       gate
	failures   int            // failed writes in a row
	retryTimer *reactor.Timer // runs at gateRetry; nil otherwise
	flushing   bool           // flush is under way
	needDrain  bool           // from drainMark until the queue is empty
	restDue    bool           // readRest is queued

	// runCallback and emitDrain, made once, because making them allocates
	onCallback, onDrained func()
}

func (s *sender) init(c *Channel) {
	s.onCallback, s.onDrained = c.runCallback, c.emitDrain
	s.burst.flushCallback, s.burst.flushTurn = c.flushCallback, c.flushTurn
}

// offset returns the offset at which the next frame on the wire will begin.
func (s *sender) offset() int64 { return s.passed + int64(s.wire.size) }

// queued returns the number of bytes that the kernel has not taken.
func (s *sender) queued() int { return s.wire.size + s.queue.size }

// idle reports whether all frames are written and no handle waits for its acknowledgement.
func (s *sender) idle() bool { return s.wire.empty() && s.inFlight == nil && s.queue.empty() }

// Send queues v as a message and never blocks. JSON is made of Go values as by encoding/json, but
// as by JavaScript where the two differ: no HTML escaping, NaN is null. For Advanced see package
// v8. Most messages are with the kernel when Send returns; see the package comment. v is not
// retained.
//
// An error means that nothing was sent: v cannot be serialized, [ErrQueueFull], or
// [ErrChannelClosed] if the channel is not connected. If a queued message is lost later, because
// the peer has gone or the system refuses it, OnError gets the reason.
func (c *Channel) Send(v any) error { return c.SendWith(v, nil) }

// SendWith is Send with a handle or a callback. It duplicates the descriptor of o.Handle, so the
// caller may use and close the object as before. But unless o.KeepOpen is set, a net.Conn, or the
// *[Handle] of a connection, is closed when it is sent, because one process should use it. If the
// object is already closed, the message goes without a handle, as in Node. The error of a handle
// that cannot be sent is a *[HandleError].
//
// With o.Done, [ErrChannelClosed] goes to Done and is not returned. If SendWith returns an error,
// it calls no callback.
func (c *Channel) SendWith(v any, o *SendOptions) error {
	if o == nil {
		o = new(SendOptions)
	}
	if c.state != stateOpen {
		return c.failSend(o)
	}
	if c.maxQueue >= 0 && c.out.queued()+frameCost*(c.out.frames.len()+c.out.queue.len()) >= c.maxQueue {
		return ErrQueueFull
	}
	var out *outgoing
	if o.Handle != nil {
		var err error
		if out, err = c.openOutgoing(o.Handle, o.KeepOpen); err != nil {
			return err
		}
	}
	frame, err := c.encode(v, out)
	if err != nil {
		return err
	}
	if c.state != stateOpen { // A method of v has closed the channel.
		if out != nil {
			out.close(false)
		}
		return c.failSend(o)
	}
	if out != nil {
		out.received = o.Received
	}
	if !c.submit(frame, out, wireFrame{done: o.Done, gather: o.Gather}) {
		c.hub.giveScratch(frame)
	}
	if out == nil && o.Received != nil {
		c.queueCallback(o.Received, sendError(o.Handle, ErrHandleUsed))
	}
	return nil
}

// encode returns the frame of v, with the handle out if it is not nil. If there is no frame, it
// closes out.
func (c *Channel) encode(v any, out *outgoing) (frame []byte, err error) {
	if out == nil {
		return c.format.appendFrame(c.hub.takeScratch(), v)
	}
	defer func() {
		if frame == nil { // Also when a method of v panics.
			out.close(false)
		}
	}()
	return c.format.appendHandleFrame(c.hub.takeScratch(), handleFrame{cmdHandle, out.typ, v, out.dgramType, out.key})
}

// failSend queues the callbacks of a message on a channel that is not connected. It returns the
// error instead if Done is nil, or the loop is closed. Done does not wait for queued messages,
// because they may wait for ever.
func (c *Channel) failSend(o *SendOptions) error {
	if o.Done == nil || c.hub.closed {
		return ErrChannelClosed
	}
	c.queueCallback(o.Done, ErrChannelClosed)
	if o.Received != nil {
		c.queueCallback(o.Received, ErrChannelClosed)
	}
	return nil
}

// sendVital sends one of Node's internal messages. If it is lost, no callback gets the reason. If
// the channel is not connected it does nothing. The caller must bound the messages to a peer that
// does not read or acknowledge.
func (c *Channel) sendVital(v any) {
	if c.state != stateOpen {
		return
	}
	frame, err := c.format.appendFrame(c.hub.takeScratch(), v)
	if err != nil {
		return // Unreachable: our own messages are of strings and numbers.
	}
	if c.out.inFlight == nil {
		c.out.noteReply(len(frame))
	}
	if !c.submit(frame, nil, wireFrame{done: ignore, vital: true}) {
		c.hub.giveScratch(frame)
	}
}

// ignore is the Done of a frame whose loss is not reported.
func ignore(error) {}

// NeedDrain reports whether the sender should wait for OnDrain, as Node's send does by returning
// false. It becomes true when 131072 bytes are queued, or two messages behind an unacknowledged
// handle, and false when the queue is empty. It is also false when no drain event will come,
// because the channel is not connected or the peer reads no more.
func (c *Channel) NeedDrain() bool {
	return c.out.needDrain && c.state == stateOpen && c.out.broken == nil
}

// submit sends a frame, or puts it into queue if a handle is in flight. It takes ownership of out,
// and of frame if kept is true.
func (c *Channel) submit(frame []byte, out *outgoing, f wireFrame) (kept bool) {
	s := &c.out
	wasIdle := s.idle()
	switch {
	case s.inFlight != nil:
		s.queue.push(queuedFrame{bytes.Clone(frame), out, f})
	default:
		kept = c.transmit(frame, out, f)
	}
	if s.queued() >= drainMark || s.queue.len() >= 2 {
		s.needDrain = true
	}
	if wasIdle != s.idle() && c.refs == refCounted {
		c.update()
	}
	return kept
}

// transmit puts a frame onto the wire, or fails it if nothing can be written. It takes ownership of
// out, and of frame if kept is true.
func (c *Channel) transmit(frame []byte, out *outgoing, f wireFrame) (kept bool) {
	s := &c.out
	if s.broken != nil {
		c.fail(f, out, s.broken)
		if out != nil {
			out.close(false)
		}
		return false
	}
	if out != nil {
		c.startTransfer(bytes.Clone(frame), out, f.done)
		return false
	}
	return c.put(frame, f)
}
