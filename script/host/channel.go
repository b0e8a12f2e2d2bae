package host

import (
	"errors"

	"github.com/brood-go/brood/events"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/script/engine"
	"github.com/brood-go/brood/script/nodetext"
	"github.com/brood-go/brood/streams"
)

// channel is an IPC channel as the library in JavaScript has it. Its methods are start(target, on),
// forget, listen(whether), post(message), send(message, done, fd, type, key, keepOpen), disconnect,
// ref, unref, count(whether), readStop, readStart, connected and fd.
//
// on is called with a number that says what has happened, a value, and for a handle that came with
// a message its type and what receiveHandle returns.
type channel struct {
	h  *Host
	c  *ipc.Channel
	on engine.Kept

	// target is whose event each message is, until forget: then, and for messages with a handle, on
	// is told.
	target engine.Kept

	arrival        arrival                     // the message that is told of
	deliverArrived func(s *engine.Scope) error // of it; made once so that a message does not allocate
	plain          ipc.SendOptions             // of messages without anything
	frame          jsonFrame                   // such a message

	// while the script listens for messages; those that come otherwise wait in c
	messages *events.Listener

	// Whether the channel keeps the loop running: it does while something that was sent is not yet
	// with the kernel. Else the script has said so; or in a program that was forked, where that is
	// counted until the script says, it does while the script listens.
	refed   bool
	counted bool
	sending int
}

// What the function that was given to start is told. The library has the same numbers in
// internal/channel.js.
const (
	channelMessage    = iota // with the message
	channelInternal          // with one of Node's internal messages
	channelDrain             // what was queued is sent
	channelError             // with an error that concerns no message
	channelDisconnect        // nothing more comes
)

// newChannel returns the object by which the library uses a channel. counted: see channel.
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
	// What was sent still goes; nobody waits for the other side.
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

// updateRef has the channel keep the loop running, or not.
func (x *channel) updateRef() {
	if x.refed || x.sending > 0 {
		x.c.Ref()
	} else {
		x.c.Unref()
	}
}

// start gives the emitter whose channel it is and the function that is told what happens, once.
// Messages come from listen(true) on.
func (x *channel) start(c *engine.Call) (engine.Value, error) {
	if !x.on.IsZero() || !c.Arg(1).IsFunction() {
		return c.Undefined(), errors.New("a channel is started once, with a function")
	}
	x.on = x.h.keepCallback(c.Scope, c.Arg(1))
	if !x.h.hasContexts() { // Else the listeners have to be called in the one of now.
		x.target = c.Arg(0).Keep()
	}
	x.h.closers[x] = struct{}{}
	x.c.OnInternal("NODE_", func(m *ipc.Message) { x.receive(channelInternal, m) })
	x.c.OnDrain(func() { x.tell(channelDrain, nil) })
	x.c.OnError(func(err error) {
		if _, ok := errors.AsType[*ipc.MessageError](err); ok {
			// What makes no sense is dropped. In Node it is an exception, by which a child could
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

// close ends the channel with its host.
func (x *channel) close() { x.c.Destroy() }

// tell calls the function of start, unless it was told of the end already.
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

// failure returns what the library makes an error of: the negative number of a system call's, else
// the error itself.
func (x *channel) failure(s *engine.Scope, err error) engine.Value {
	if e := asSystemError(err); e != nil {
		return s.Int(-int64(e.errno))
	}
	if errors.Is(err, ipc.ErrChannelClosed) {
		err = &codedError{"Error", "ERR_IPC_CHANNEL_CLOSED", "Channel closed"}
	}
	return x.h.errorValue(s, err)
}

// arrival is a message, and what on is told of it.
type arrival struct {
	what int
	m    *ipc.Message
}

// receive tells of a message and its handle.
func (x *channel) receive(what int, m *ipc.Message) {
	if x.on.IsZero() {
		return
	}
	x.arrival = arrival{what, m}
	_ = x.h.Do(x.deliverArrived)
}

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
			_ = h.Close() // It returns no error. The message comes without what is of no use.
		}
	}
	_, err = s.Kept(x.on).Call(s.Undefined(), args...)
	return err
}

// withoutException returns an error that is no exception: a message of which the engine makes one,
// as it nests too deep, is dropped, too.
func withoutException(err error) error {
	if _, ok := errors.AsType[*engine.Exception](err); ok {
		return nil
	}
	return err
}

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
