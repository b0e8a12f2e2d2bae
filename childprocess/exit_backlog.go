package childprocess

// A backlog is the data that the kernel holds for this program at one moment: for the streams of a
// child and for its channel. Exit waits for it, so that it does not overtake the data. It is used
// on the loop goroutine.
type backlog []interface {
	Left() bool
	HeldBack() bool
}

// backlog returns the data that the kernel holds for the child's streams and channel now.
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

// left reports whether some of the data will be read on a coming turn. It reports false for data
// that a paused stream or a slow reader holds back.
func (b backlog) left() bool {
	for _, of := range b {
		if of.Left() {
			return true
		}
	}
	return false
}

// heldBack reports whether some of the data waits for a reader that is slower than the child.
func (b backlog) heldBack() bool {
	for _, of := range b {
		if of.HeldBack() {
			return true
		}
	}
	return false
}

// afterBacklog calls report, in a callback of its own, when no turn will read more of b. If the
// loop is late, the pipes and the channel of a child that has exited have more data than one turn
// reads, and exit would overtake it. If the loop is closed before, report is not called.
func (c *ChildProcess) afterBacklog(b backlog, report func()) {
	var look func()
	look = func() {
		switch {
		case c.state == childClosed: // The loop was closed.
		case b.left():
			c.loop.SetImmediate(look) // The next turn reads on.
		default:
			c.loop.Callback(report)
		}
	}
	c.loop.SetImmediate(look)
}
