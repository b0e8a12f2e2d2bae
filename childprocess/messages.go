package childprocess

import (
	"github.com/brood-go/brood/events"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

// Channel returns the channel to a child that has IPC among its Stdio, also after it has
// disconnected; else nil.
func (c *ChildProcess) Channel() *ipc.Channel { return c.channel }

// Connected reports whether messages can be sent to the child.
func (c *ChildProcess) Connected() bool { return c.channel != nil && c.channel.Connected() }

// Send sends the child a message, see [ipc.Channel.Send]. Without a channel the error is
// [ipc.ErrChannelClosed].
func (c *ChildProcess) Send(v any) error { return c.SendWith(v, nil) }

// SendWith sends the child a message with a handle or a callback, see [ipc.Channel.SendWith].
func (c *ChildProcess) SendWith(v any, o *ipc.SendOptions) error {
	if c.channel == nil {
		return ipc.ErrChannelClosed
	}
	return c.channel.SendWith(v, o)
}

// NeedDrain reports whether the sender should wait for OnDrain, see [ipc.Channel.NeedDrain].
// Without a channel it is false.
func (c *ChildProcess) NeedDrain() bool { return c.channel != nil && c.channel.NeedDrain() }

// OnDrain calls fn when all that was queued has been sent after NeedDrain was true, see
// [ipc.Channel.OnDrain]. Without a channel it never does.
func (c *ChildProcess) OnDrain(fn func()) *events.Listener {
	if c.channel == nil {
		return new(events.Event[struct{}]).On(notNil(fn, "OnDrain"))
	}
	return c.channel.OnDrain(fn)
}

// forwardErrors has the errors of the channel come to OnError, as in Node, while somebody listens
// there: what nobody listens for, neither there nor at the channel, the channel gives to the loop's
// Logger.
func (c *ChildProcess) forwardErrors() {
	if c.channel == nil {
		return
	}
	var forward *events.Listener
	c.err.Watch(func(listeners int) {
		switch {
		case listeners > 0 && forward == nil:
			forward = c.channel.OnError(func(err error) { reactor.Emit(c.loop, &c.err, err) })
		case listeners == 0 && forward != nil:
			forward.Off()
			forward = nil
		}
	})
}

// Disconnect ends the channel once everything that was sent has gone out, see
// [ipc.Channel.Disconnect]. A child without a channel is not connected, and stays so.
func (c *ChildProcess) Disconnect() {
	if c.channel != nil {
		c.channel.Disconnect()
	}
}

// OnMessage calls fn with each message from the child, see [ipc.Channel.OnMessage]. What the child
// has sent before its end comes before disconnect and close.
func (c *ChildProcess) OnMessage(fn func(*ipc.Message)) *events.Listener {
	if c.channel == nil {
		return c.message.On(fn)
	}
	return c.channel.OnMessage(fn)
}

// OnDisconnect calls fn once, when the channel has ended, by either side or with the child; before
// close.
func (c *ChildProcess) OnDisconnect(fn func()) *events.Listener {
	return c.disconnect.On(notNil(fn, "OnDisconnect"))
}
