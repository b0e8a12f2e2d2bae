package host

import (
	"errors"

	"github.com/brood-go/brood/events"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/script/engine"
	"github.com/brood-go/brood/script/nodetext"
	"github.com/brood-go/brood/streams"
)

// channel is the native object of an IPC channel. Its methods are start(target, on), forget,
// listen(whether), post(message), send(message, done, fd, type, key, keepOpen), disconnect, ref,
// unref, count(whether), readStop, readStart, connected and fd.
//
// on is called with a number that says what happened (see channelMessage), a value, and for a
// message with a handle the handle's type and the results of receiveHandle.
type channel struct {
	h  *Host
	c  *ipc.Channel
	on engine.Kept // zero before start and after the disconnect

	// target is the emitter whose event each message is. It is zero before start, after forget and
	// after the disconnect. Without it, and for messages with a handle, on is called.
	target engine.Kept

	arrival arrival // the message for deliver; else zero
	// deliver, as a value that is made once so that a message does not allocate
	deliverArrived func(s *engine.Scope) error
	plain          ipc.SendOptions // options of messages sent by post
	frame          jsonFrame       // the message that post is sending; else empty

	// nil unless the script listens for messages; without it, messages wait in c
	messages *events.Listener

	// The channel keeps the loop running if refed, or while sending > 0. refed is set by ref and
	// unref, or, while counted (in a forked program, until its script calls ref or unref), by
	// whether the script listens.
	refed   bool
	counted bool
	sending int // messages that the kernel has not taken
}

// The first argument of the function that was given to start. The library has the same numbers in
// internal/channel.js.
const (
	channelMessage    = iota // with the message
	channelInternal          // with an internal message of Node's
	channelDrain             // the queue is empty
	channelError             // with an error that belongs to no message
	channelDisconnect        // nothing more comes
)

// newChannel returns the native object of c. counted: see channel.
func (h *Host) newChannel(s *engine.Scope, c *ipc.Channel, counted bool) (engine.Value, error) {
	prototype, err := h.prototype(s, "channel", channelMethods)
	if err != nil {
		return s.Undefined(), err
	}
	x := &channel{h: h, c: c, refed: !counted, counted: counted}
	x.deliverArrived, x.plain.Done = x.deliver, func(err error) { x.onSent(engine.Kept{}, err) }
	x.updateRef()
	return s.Native(prototype, x), nil
}

func channelMethods(b *builder) {
	method(b, "start", (*channel).start)
	method(b, "listen", (*channel).listen)
	method(b, "post", (*channel).post)
	method(b, "send", (*channel).send)
	simple := func(name string, fn func(*channel)) {
		method(b, name, func(x *channel, c *engine.Call) (engine.Value, error) { fn(x); return c.Undefined(), nil })
	}
	simple("forget", func(x *channel) { x.h.engine.Release(&x.target) })
	// Sent messages still go out; the peer need not answer.
	simple("disconnect", func(x *channel) {
		x.refed, x.counted = false, false
		x.c.Disconnect()
		x.updateRef()
	})
	simple("ref", func(x *channel) { x.refed, x.counted = true, false; x.updateRef() })
	simple("unref", func(x *channel) { x.refed, x.counted = false, false; x.updateRef() })
	simple("readStop", func(x *channel) { x.c.Pause() })
	simple("readStart", func(x *channel) { x.c.Resume() })
	method(b, "count", func(x *channel, c *engine.Call) (engine.Value, error) {
		if x.counted {
			x.refed = c.Arg(0).Bool()
			x.updateRef()
		}
		return c.Undefined(), nil
	})
	method(b, "fd", func(x *channel, c *engine.Call) (engine.Value, error) { return c.Int(int64(x.c.FD())), nil })
	method(b, "connected", func(x *channel, c *engine.Call) (engine.Value, error) { return c.Bool(x.c.Connected()), nil })
}

// updateRef makes the channel keep the loop running, or not.
func (x *channel) updateRef() {
	if x.refed || x.sending > 0 {
		x.c.Ref()
	} else {
		x.c.Unref()
	}
}

// start sets the emitter and the function that is called for events. It may be called once.
// Messages come only after listen(true).
func (x *channel) start(c *engine.Call) (engine.Value, error) {
	if !x.on.IsZero() || !c.Arg(1).IsFunction() {
		return c.Undefined(), errors.New("a channel is started once, with a function")
	}
	x.on = x.h.keepCallback(c.Scope, c.Arg(1))
	if !x.h.hasContexts() { // With contexts, on restores the one in which start was called.
		x.target = c.Arg(0).Keep()
	}
	x.h.closers[x] = struct{}{}
	x.c.OnInternal("NODE_", func(m *ipc.Message) { x.receive(channelInternal, m) })
	x.c.OnDrain(func() { x.tell(channelDrain, nil) })
	x.c.OnError(func(err error) {
		if _, ok := errors.AsType[*ipc.MessageError](err); ok {
			// A malformed message is dropped. In Node it is an exception, with which a child could
			// end its parent.
			return
		}
		x.tell(channelError, func(s *engine.Scope) (engine.Value, error) { return x.failure(s, err), nil })
	})
	x.c.OnDisconnect(func() {
		delete(x.h.closers, x)
		x.tell(channelDisconnect, nil)
		x.h.engine.Release(&x.on)
		x.h.engine.Release(&x.target)
	})
	return c.Undefined(), nil
}

func (x *channel) listen(c *engine.Call) (engine.Value, error) {
	switch wanted := c.Arg(0).Bool(); {
	case wanted && x.messages == nil:
		x.messages = x.c.OnMessage(func(m *ipc.Message) { x.receive(channelMessage, m) })
	case !wanted && x.messages != nil:
		x.messages.Off()
		x.messages = nil
	}
	return c.Undefined(), nil
}

// close destroys the channel, because its host closes.
func (x *channel) close() { x.c.Destroy() }

// tell calls on, unless start was not called or the disconnect was reported.
func (x *channel) tell(what int, value func(s *engine.Scope) (engine.Value, error)) {
	if x.on.IsZero() {
		return
	}
	_ = x.h.Do(func(s *engine.Scope) error {
		args := []engine.Value{s.Int(int64(what)), s.Undefined()}
		if value != nil {
			var err error
			if args[1], err = value(s); err != nil {
				return err
			}
		}
		_, err := s.Kept(x.on).Call(s.Undefined(), args...)
		return err
	})
}

// failure returns the value from which the library makes an error: the negative errno of a system
// call, else an error object.
func (x *channel) failure(s *engine.Scope, err error) engine.Value {
	if e := asSystemError(err); e != nil {
		return s.Int(-int64(e.errno))
	}
	if errors.Is(err, ipc.ErrChannelClosed) {
		err = &codedError{"Error", "ERR_IPC_CHANNEL_CLOSED", "Channel closed"}
	}
	return x.h.errorValue(s, err)
}

// arrival is a received message and the number to report it with.
type arrival struct {
	what int
	m    *ipc.Message
}

// receive delivers a message and its handle.
func (x *channel) receive(what int, m *ipc.Message) {
	if x.on.IsZero() {
		return
	}
	x.arrival = arrival{what, m}
	_ = x.h.Do(x.deliverArrived)
}

// deliver emits the message on target, or calls on.
func (x *channel) deliver(s *engine.Scope) error {
	what, m := x.arrival.what, x.arrival.m
	x.arrival = arrival{}
	message, err := x.message(s, m)
	if err != nil {
		return withoutException(err)
	}
	h := m.Handle()
	if h == nil && !x.target.IsZero() {
		return x.h.emit(s, s.Kept(x.target), x.h.emitter.messages[what], message, s.Undefined())
	}
	args := []engine.Value{s.Int(int64(what)), message}
	if h != nil {
		made, kind, network, err := x.h.receiveHandle(s, h)
		if err == nil {
			args = append(args, s.String(h.Type()), made, s.String(kind), s.Bool(network))
		} else {
			// It returns no error. The message is delivered without the handle, which is of no use.
			_ = h.Close()
		}
	}
	_, err = s.Kept(x.on).Call(s.Undefined(), args...)
	return err
}

// withoutException returns err unless it is an exception: a message that nests too deep for the
// engine is dropped, too.
func withoutException(err error) error {
	if _, ok := errors.AsType[*engine.Exception](err); ok {
		return nil
	}
	return err
}

// message returns the value of a message.
func (x *channel) message(s *engine.Scope, m *ipc.Message) (engine.Value, error) {
	if x.c.Serialization() == ipc.JSON {
		if v, ok := s.PlainJSON(m.Raw()); ok {
			return v, nil
		}
		return s.ParseJSON("message", nodetext.Decode(m.Raw(), streams.UTF8))
	}
	v, err := m.Value()
	if err != nil {
		return s.Undefined(), err
	}
	return x.h.revive(s, v)
}
