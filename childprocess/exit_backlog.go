package childprocess

// backlog is what was to be read of a child at one moment: by its streams and by its channel.
type backlog []interface {
	Left() bool
	HeldBack() bool
}

// backlog returns what is to be read of the child now.
func (c *ChildProcess) backlog() backlog {
	var b backlog
	if c.channel != nil && c.channel.FD() >= 0 {
		b = append(b, c.channel.Backlog())
	}
	for _, s := range c.streams {
		if s.Readable != nil && !s.Readable.Closed() {
			b = append(b, s.Readable.Backlog())
		}
	}
	return b
}

// left reports whether some of it will be read on a coming turn.
func (b backlog) left() bool {
	for _, of := range b {
		if of.Left() {
			return true
		}
	}
	return false
}

// heldBack reports whether some of it waits for somebody who is slower than the child.
func (b backlog) heldBack() bool {
	for _, of := range b {
		if of.HeldBack() {
			return true
		}
	}
	return false
}

// afterBacklog calls tell, in a callback of its own, once b was read, all that a child has left at
// its end, as far as it is read at all. A loop that gets to look late finds the end of the child
// with more in its pipes and its channel than one turn reads, and exit would overtake that.
func (c *ChildProcess) afterBacklog(b backlog, tell func()) {
	var look func()
	look = func() {
		switch {
		case c.state == childClosed: // With the loop.
		case b.left():
			c.loop.SetImmediate(look) // The next turn reads on.
		default:
			c.loop.Callback(tell)
		}
	}
	c.loop.SetImmediate(look)
}
