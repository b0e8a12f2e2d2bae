package childprocess

import "time"

// This file has the limits that look at the output of a child.

// idleLooks is how often in an IdleTimeout the output is looked at. To note the time of each read
// instead would cost a read of the clock each time.
const idleLooks = 4

// watchIdle ends the child when nothing comes of it for so long.
func (c *ChildProcess) watchIdle(limit time.Duration) {
	m := &c.limits
	pause := max(limit/idleLooks, time.Millisecond)
	m.idle = c.loop.SetTimeout(pause, func() {
		if seen, withheld := c.written(); seen != m.seen || withheld {
			m.seen, m.quiet = seen, 0
		} else {
			m.quiet++
		}
		if m.quiet < idleLooks {
			m.idle.Reset(pause)
			return
		}
		c.unlessItCloses(func() {
			// The loop was late, and not the child.
			if seen, withheld := c.written(); seen != m.seen || withheld {
				m.quiet = 0
				m.idle.Reset(pause)
			} else if c.state < childExited || m.untilClose {
				c.killFor(ErrIdle)
			}
		})
	})
}

// written returns how many bytes have come from the child, with those that the kernel holds, and
// whether this program does not take some of them: the child may be waiting for that.
func (c *ChildProcess) written() (n int64, withheld bool) {
	if c.channel != nil {
		b := c.channel.Backlog()
		n, withheld = b.End(), b.Withheld()
	}
	for _, s := range c.streams {
		if s.Readable != nil {
			b := s.Readable.Backlog()
			n += b.End()
			withheld = withheld || b.Withheld()
		}
	}
	return n, withheld
}

// watchOutput ends the child when enough returns true.
func (c *ChildProcess) watchOutput(stopWhen func(slot int, chunk []byte) bool) {
	for i, s := range c.streams {
		if s.Readable == nil {
			continue
		}
		if i >= len(c.Stdio) {
			i = 1 // The terminal.
		}
		s.Readable.OnData(func(chunk []byte) {
			if c.limits.cause == nil && stopWhen(i, chunk) {
				c.killFor(ErrEnough)
			}
		})
	}
}
