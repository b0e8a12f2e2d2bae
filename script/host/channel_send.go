package host

import (
	"errors"

	"github.com/brood-go/brood/internal/nodejson"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/script/engine"
)

// This file is the sending half of channel.

// send sends a message. It returns whether more may follow before channelDrain, or the error for
// which the message was not sent; it throws if the message itself is wrong. done, if it is a
// function, is called with null or an error. fd is a descriptor to send along, which is borrowed;
// type and key describe it to the peer.
func (x *channel) send(c *engine.Call) (engine.Value, error) {
	message, err := x.payload(c.Scope, c.Arg(0))
	if err != nil {
		return c.Undefined(), err
	}
	o := &ipc.SendOptions{KeepOpen: c.Arg(5).Bool()}
	if fd := c.Arg(2); !fd.IsUndefined() {
		o.Handle = ipc.Descriptor{FD: int(fd.Int()), Type: c.Arg(3).Text(), Key: c.Arg(4).Text()}
	}
	k := engine.Kept{}
	if done := c.Arg(1); done.IsFunction() {
		k = x.h.keepCallback(c.Scope, done)
	}
	o.Done = func(err error) { x.onSent(k, err) }
	if err := x.c.SendWith(message, o); err != nil {
		x.h.engine.Release(&k)
		if frame, ok := message.(*jsonFrame); ok && frame.err != nil {
			return c.Undefined(), frame.err
		}
		return x.h.errorValue(c.Scope, err), nil
	}
	return x.countSent(c), nil
}

// countSent counts a message until onSent, and returns whether more may follow before channelDrain.
func (x *channel) countSent(c *engine.Call) engine.Value {
	x.sending++
	x.updateRef()
	return c.Bool(!x.c.NeedDrain())
}

// post is send(message) alone. It returns undefined if the message was not sent; the library then
// calls send, which says why.
func (x *channel) post(c *engine.Call) (engine.Value, error) {
	switch c.Arg(0).Kind() {
	case engine.String, engine.Number, engine.Boolean, engine.Object, engine.Null:
	default:
		return c.Undefined(), nil
	}
	if x.c.Serialization() != ipc.JSON {
		return c.Undefined(), nil
	}
	frame := &x.frame
	frame.v, frame.err = c.Arg(0), nil
	err := x.c.SendWith(frame, &x.plain)
	frame.v = engine.Value{}
	switch {
	case err == nil:
		return x.countSent(c), nil
	case frame.err != nil:
		return c.Undefined(), frame.err
	}
	return c.Undefined(), nil
}

// jsonFrame is a message that writes its JSON directly into the channel's buffer.
type jsonFrame struct {
	v   engine.Value
	err error // exception of the last AppendJSON
}

// AppendJSON implements [nodejson.Appender].
func (f *jsonFrame) AppendJSON(dst []byte, _ *nodejson.Encoder) ([]byte, error) {
	v := f.v
	if text, ok := v.AppendPlainJSON(dst); ok {
		return text, nil
	}
	text, err := v.JSON() // This may run the script, which may send another message.
	if errors.Is(err, engine.ErrNoJSON) {
		text, err = "null", nil // toJSON has returned undefined.
	}
	f.err = err
	return append(dst, text...), err
}

// payload returns the message in the form that the channel's serialization takes.
func (x *channel) payload(s *engine.Scope, message engine.Value) (any, error) {
	if x.c.Serialization() == ipc.Advanced {
		return x.h.clone(s, message)
	}
	return &jsonFrame{v: message}, nil
}

// onSent is called when the kernel has taken a message, or with the reason why not.
func (x *channel) onSent(done engine.Kept, err error) {
	x.sending--
	x.updateRef()
	if done.IsZero() {
		if err != nil && !errors.Is(err, ipc.ErrChannelClosed) {
			x.tell(channelError, func(s *engine.Scope) (engine.Value, error) { return x.failure(s, err), nil })
		}
		return
	}
	_ = x.h.Do(func(s *engine.Scope) error {
		result := s.Null()
		if err != nil {
			result = x.failure(s, err)
		}
		_, err := s.Kept(done).Call(s.Undefined(), result)
		return err
	})
	x.h.engine.Release(&done)
}
