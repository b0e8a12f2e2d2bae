package ipc

import (
	"strings"

	"github.com/brood-go/brood/events"
	"github.com/brood-go/brood/reactor"
)

// internalListeners are the listeners of one prefix.
type internalListeners struct {
	prefix string
	event  events.Event[*Message]
}

// OnInternal calls fn with each of Node's internal messages whose cmd begins with prefix, such as
// "NODE_CLUSTER". An internal message is an object whose cmd is a string that begins with "NODE_"
// and is longer. OnInternal is for packages that speak one of Node's protocols. The messages by
// which the channel sends handles, NODE_HANDLE and its answers, do not come here; another internal
// message may have a handle, [Message.Handle]. An internal message without a listener is dropped.
//
// A listener does not keep the loop alive: see [Parent].
//
// Preconditions:
//
//   - prefix begins with "NODE_", or OnInternal panics.
func (c *Channel) OnInternal(prefix string, fn func(m *Message)) *events.Listener {
	if !strings.HasPrefix(prefix, cmdPrefix) {
		panic("ipc: OnInternal: the prefix does not begin with " + cmdPrefix)
	}
	for _, in := range c.internals {
		if in.prefix == prefix {
			return in.event.On(fn)
		}
	}
	in := &internalListeners{prefix: prefix}
	l := in.event.On(fn)
	c.internals = append(c.internals, in)
	return l
}

// SendInternal is [Channel.SendWith] for one of Node's internal messages, see [Channel.OnInternal]:
// the peer's program does not get it as a message. If v is none, or one by which the channel sends
// handles, the error is [ErrNotInternal]. Send makes no such check.
//
// Answer a peer's messages only while NeedDrain is false: a peer that asks and does not read would
// make the queue grow, up to Options.MaxQueue.
func (c *Channel) SendInternal(v any, o *SendOptions) error {
	cmd, err := c.cmdOf(v)
	if err != nil {
		return err
	}
	if cmd == "" || isHandleCommand(cmd) {
		return ErrNotInternal
	}
	return c.SendWith(v, o)
}

// cmdOf returns the cmd of v if v is an internal message, else "".
func (c *Channel) cmdOf(v any) (string, error) {
	frame, err := c.format.appendFrame(c.hub.takeScratch(), v)
	if err != nil {
		return "", err
	}
	defer c.hub.giveScratch(frame)
	return c.format.inspect(&Message{format: c.format, raw: c.format.payload(frame)})
}

// isHandleCommand reports whether cmd is one by which channels send handles.
func isHandleCommand(cmd string) bool { return cmd == cmdHandle || cmd == cmdAck || cmd == cmdNack }

// emitInternal calls the listeners of OnInternal whose prefix fits cmd.
func (c *Channel) emitInternal(m *Message, cmd string) {
	for _, in := range c.internals {
		if strings.HasPrefix(cmd, in.prefix) {
			reactor.Emit(c.loop, &in.event, m)
		}
	}
}
