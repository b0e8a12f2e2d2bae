package ipc

// refRule says when the channel keeps the loop alive.
type refRule uint8

const (
	refAlways  refRule = iota // until it is closed
	refNever                  // not at all
	refCounted                // while it has listeners, or something to send: see Parent
)

// Ref makes the channel keep the loop alive until it is closed, also a channel of [Parent].
func (c *Channel) Ref() { c.refs = refAlways; c.update() }

// Unref lets Run return while the channel is open. If the loop is closed then, messages that are
// still queued are lost, and [Channel.Disconnect] is cut short.
func (c *Channel) Unref() { c.refs = refNever; c.update() }

// referenced reports whether the channel keeps the loop alive now.
func (c *Channel) referenced() bool {
	switch c.refs {
	case refAlways:
		return true
	case refNever:
		return false
	}
	return c.message.Len() > 0 || c.disconnect.Len() > 0 || !c.out.idle() || len(c.requests.waiting) > 0
}

// messageListeners runs when the number of OnMessage's listeners changes; n is the new number.
func (c *Channel) messageListeners(n int) {
	if n > 0 {
		c.scheduleWaiting()
	}
	c.update()
}

// disconnectListeners runs when the number of OnDisconnect's listeners changes.
func (c *Channel) disconnectListeners(int) { c.update() }
