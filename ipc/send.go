package ipc

import (
	"bytes"

	"github.com/brood-go/brood/reactor"
)

// drainMark is the number of queued bytes from which on NeedDrain is true: Node's (v20,
// lib/internal/child_process.js, twice its 64 KiB high-water mark).
const drainMark = 128 << 10

// frameCost is what a queued message counts for besides its own length, in bytes, so that those of
// small ones are counted too.
const frameCost = 64

// sender is the writing half of a channel.
//
// Frames go onto the wire, a queue in front of the kernel, in the order of the calls. A frame with
// a handle is followed by nothing until the peer has acknowledged it: what is sent in between is
// held. The answers to the peer's own handles go past what is held, or two processes that send each
// other handles would wait for ever.
type sender struct {
	wire     writeQueue
	inFlight *handleTransfer // the handle that the peer has not acknowledged
	queue    frameQueue      // empty unless a handle is in flight

	frames ring[wireFrame] // what is on the wire
	// bytes that have left the wire, to the kernel or given up; offsets count like it
	passed int64
	// offset at which the first of frames begins: if passed is more, the kernel has a part of it
	begun  int64
	broken error // why nothing can be written any more

	callbacks ring[callback] // callbacks that have a tick each

	replies    int   // bytes of answers to the peer, see reply
	repliesEnd int64 // offset of the end of the last of them

	burst      burst
	gate       gate
	failures   int            // of writes, in a row
	retryTimer *reactor.Timer // at gateRetry
	flushing   bool
	needDrain  bool
	restDue    bool // see readRest

	onCallback, onDrained func() // made once so that queueing them does not allocate
}

func (s *sender) init(c *Channel) {
	s.onCallback, s.onDrained = c.runCallback, c.emitDrain
	s.burst.flushCallback, s.burst.flushTurn = c.flushCallback, c.flushTurn
}

// offset is the end of what is on the wire.
func (s *sender) offset() int64 { return s.passed + int64(s.wire.size) }

// queued is the number of bytes that the kernel has not taken.
func (s *sender) queued() int { return s.wire.size + s.queue.size }

// idle reports whether everything that was sent has arrived, as far as can be known.
func (s *sender) idle() bool { return s.wire.empty() && s.inFlight == nil && s.queue.empty() }

// Send queues v as a message and never blocks. How Go values become JSON is encoding/json's way,
// and JavaScript's where they differ: no HTML escaping, NaN is null; for Advanced see package v8.
// Most messages are with the kernel when Send returns; see the package comment.
//
// A value that cannot be serialized and [ErrQueueFull] are returned; nothing was sent then. So is
// [ErrChannelClosed], when the channel is not connected. A message that was queued and is lost,
// because the peer has gone or the system refuses it, comes to OnError.
func (c *Channel) Send(v any) error { return c.SendWith(v, nil) }

// SendWith is Send with a handle or a callback. It takes a descriptor of its own from o.Handle,
// which the caller may use and close as before; but a net.Conn is closed when it is sent, unless
// o.KeepOpen is set, because one process should use it. When the object is closed already, the
// message goes without a handle, as Node has it. A handle that cannot be sent is a *[HandleError].
//
// With o.Done, [ErrChannelClosed] goes there and is not returned. When SendWith returns an error,
// no callback is called.
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
	if c.state != stateOpen { // The value's own methods were called.
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

// encode returns the frame of v with the handle out, if it is not nil. Then out is given up when
// there is no frame.
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

// failSend tells that the channel is not connected. Done does not wait for what is queued: it may do
// so for ever.
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

// sendInternal sends one of Node's internal messages, of which nobody is told that it could not be
// written. Once the channel is not connected it does nothing. The caller sees to it that a peer
// which does not read, or does not acknowledge a handle, cannot make what is queued grow.
func (c *Channel) sendInternal(v any) {
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

func ignore(error) {}

// NeedDrain reports whether the sender should wait for OnDrain: 131072 bytes are queued, or two
// messages behind an unacknowledged handle, and the queue was not empty since. It is when Node's
// send returns false. It is false when no drain event will come: the channel is not connected, or
// the peer reads no more.
func (c *Channel) NeedDrain() bool {
	return c.out.needDrain && c.state == stateOpen && c.out.broken == nil
}

// submit queues a frame. It reports whether it has kept the memory of frame.
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

// transmit puts a frame onto the wire.
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
