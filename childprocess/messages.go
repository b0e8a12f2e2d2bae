package childprocess

import (
	"github.com/brood-go/brood/events"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

// Channel returns the channel to the child, also after it has disconnected. It is nil if no slot of
// Stdio is IPC.
func (c *ChildProcess) Channel() *ipc.Channel { return c.channel }

// Connected reports whether the child can be sent messages.
func (c *ChildProcess) Connected() bool { return c.channel != nil && c.channel.Connected() }

// Send queues a message to the child, see [ipc.Channel.Send]. Without a channel it returns
// [ipc.ErrChannelClosed].
func (c *ChildProcess) Send(v any) error { return c.SendWith(v, nil) }

// SendWith queues a message with a handle or a callback, see [ipc.Channel.SendWith]. Without a
// channel it returns [ipc.ErrChannelClosed].
func (c *ChildProcess) SendWith(v any, o *ipc.SendOptions) error {
	if c.channel == nil {
		return ipc.ErrChannelClosed
	}
	return c.channel.SendWith(v, o)
}

// NeedDrain reports whether the sender should wait for OnDrain, see [ipc.Channel.NeedDrain]. It is
// false without a channel.
func (c *ChildProcess) NeedDrain() bool { return c.channel != nil && c.channel.NeedDrain() }

// OnDrain calls fn each time that the queue has emptied after NeedDrain was true, see
// [ipc.Channel.OnDrain]. Without a channel it never calls fn.
func (c *ChildProcess) OnDrain(fn func()) *events.Listener {
	if c.channel == nil {
		return new(events.Event[struct{}]).On(notNil(fn, "OnDrain"))
	}
	return c.channel.OnDrain(fn)
}

// forwardErrors emits the channel's errors as error events of the child, as in Node, while the
// child has error listeners. It listens only then, because the channel gives an error without a
// listener to the loop's Logger.
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

// Disconnect closes the channel once all queued messages are sent, see [ipc.Channel.Disconnect].
// Without a channel it does nothing.
func (c *ChildProcess) Disconnect() {
	if c.channel != nil {
		c.channel.Disconnect()
	}
}

// OnMessage calls fn with each message from the child, see [ipc.Channel.OnMessage]. Messages that
// the child sent before it exited come before disconnect and close.
func (c *ChildProcess) OnMessage(fn func(*ipc.Message)) *events.Listener {
	if c.channel == nil {
		return c.message.On(fn)
	}
	return c.channel.OnMessage(fn)
}

// OnDisconnect calls fn once, before close, when either side has disconnected or the child has
// exited.
func (c *ChildProcess) OnDisconnect(fn func()) *events.Listener {
	return c.disconnect.On(notNil(fn, "OnDisconnect"))
}
