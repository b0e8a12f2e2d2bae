package ipc

// refRule is what decides whether the channel keeps the loop alive.
type refRule uint8

const (
	refAlways  refRule = iota // until it has ended
	refNever                  // not at all
	refCounted                // while somebody listens or something is to be sent: see Parent
)

// Ref has the channel keep the loop alive until it has ended, whatever was counted before: see
// [Parent].
func (c *Channel) Ref() { c.refs = refAlways; c.update() }

// Unref lets the loop end while the channel is open. Of what is still queued then, and of what is
// in [Channel.Disconnect], the rest is lost.
func (c *Channel) Unref() { c.refs = refNever; c.update() }

func (c *Channel) referenced() bool {
	switch c.refs {
	case refAlways:
		return true
	case refNever:
		return false
	}
	return c.message.Len() > 0 || c.disconnect.Len() > 0 || !c.out.idle() || len(c.requests.waiting) > 0
}

// messageListeners is told how many listeners there are.
func (c *Channel) messageListeners(n int) {
	if n > 0 {
		c.scheduleWaiting()
	}
	c.update()
}

func (c *Channel) disconnectListeners(int) { c.update() }
