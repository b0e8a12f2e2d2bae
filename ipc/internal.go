package ipc

import (
	"strings"

	"github.com/brood-go/brood/events"
	"github.com/brood-go/brood/reactor"
)

// internalListeners are those of one prefix.
type internalListeners struct {
	prefix string
	event  events.Event[*Message]
}

// OnInternal calls fn with each of Node's internal messages whose cmd begins with prefix, such as
// "NODE_CLUSTER": a message that is an object with a text cmd which begins with "NODE_" and goes
// on. It is a door for packages that speak a protocol of Node's. Those by which the channel itself
// sends handles, NODE_HANDLE and its answers, do not come through; the handle of another internal
// message is [Message.Handle], as always. An internal message that nobody listens for is gone.
//
// A listener does not keep the loop alive: see [Parent]. OnInternal panics when prefix does not
// begin with "NODE_".
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

// SendInternal is [Channel.SendWith] for v that is one of Node's internal messages, see
// [Channel.OnInternal]: for the peer it is no message of its user. The error is [ErrNotInternal]
// when it is none, or one of those by which the channel sends handles. (Send does not look at what
// it sends.)
//
// Who answers the peer's messages should do so only while NeedDrain is false: a peer that asks and
// does not read would make the queue grow, up to Options.MaxQueue.
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

// cmdOf returns the cmd that v has when it is an internal message, else "".
func (c *Channel) cmdOf(v any) (string, error) {
	frame, err := c.format.appendFrame(c.hub.takeScratch(), v)
	if err != nil {
		return "", err
	}
	defer c.hub.giveScratch(frame)
	return c.format.inspect(&Message{format: c.format, raw: c.format.payload(frame)})
}

// isHandleCommand reports whether an internal message is the channel's own.
func isHandleCommand(cmd string) bool { return cmd == cmdHandle || cmd == cmdAck || cmd == cmdNack }

// emitInternal gives an internal message to those who listen for it.
func (c *Channel) emitInternal(m *Message, cmd string) {
	for _, in := range c.internals {
		if strings.HasPrefix(cmd, in.prefix) {
			reactor.Emit(c.loop, &in.event, m)
		}
	}
}
