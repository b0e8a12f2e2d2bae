package childprocess

import "time"

// This file has the limits that look at the output of a child: IdleTimeout and StopWhen. They run
// on the loop goroutine.

// idleLooks is how often in an IdleTimeout the output is looked at. The alternative, to note the
// time of each read, would read the clock for each chunk.
const idleLooks = 4

// watchIdle kills the child with ErrIdle when nothing has come from it for limit.
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
			// The child may have written in time, and the loop have been late.
			if seen, withheld := c.written(); seen != m.seen || withheld {
				m.quiet = 0
				m.idle.Reset(pause)
			} else if c.state < childExited || m.untilClose {
				c.killFor(ErrIdle)
			}
		})
	})
}

// written returns how many bytes the child has written to its pipes and its channel, read or not.
// withheld reports whether this program keeps some of them from being read: the child may be
// waiting for that.
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

// watchOutput kills the child with ErrEnough when stopWhen returns true.
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
