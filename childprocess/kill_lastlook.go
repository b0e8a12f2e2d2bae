package childprocess

// This file is what a limit does before it ends a child. A timer says only that time has passed for
// the loop. The loop, or the machine, may have been busy meanwhile, and the child may have ended,
// with all its output in the pipes.

// unlessItCloses calls act once the loop has looked at everything that is ready now, unless the child
// has ended by then and its output has come to its end.
func (c *ChildProcess) unlessItCloses(act func()) {
	w := &lastLook{c: c, act: act, unread: c.backlog()}
	// In the immediates phase: the poll is over then, and what it has found was handled.
	c.loop.SetImmediate(w.look)
}

// lastLook is one call of unlessItCloses.
type lastLook struct {
	c      *ChildProcess
	act    func()
	unread backlog
}

func (w *lastLook) look() {
	c := w.c
	switch {
	case c.state == childClosed:
	case c.state == childRunning && !c.process.Ended():
		w.act()
	case c.state == childRunning:
		// Where SIGCHLD tells and is ignored, nothing else would see its end.
		c.siblings.reapSoon(c)
		c.loop.SetImmediate(w.look)
	// A target of a Tee may be slow for ever, and nobody could do anything about it.
	case w.unread.heldBack() && !c.teesBehind():
		c.loop.SetTimeout(restPoll, w.look)
	case c.state == childReaped, w.unread.left(), c.willClose():
		c.loop.SetImmediate(w.look) // The next turn reads on.
	default:
		w.act()
	}
}

// willClose reports whether close is on its way: nobody holds it up.
func (c *ChildProcess) willClose() bool {
	for _, s := range c.streams {
		if s.Readable == nil {
			continue
		}
		if !s.Readable.Closed() || s.Readable.HoldsEnd() || s.Writable != nil && !s.Writable.Closed() {
			return false
		}
	}
	if c.teesBehind() {
		return false
	}
	return c.limits.rest == nil && (c.channel == nil || c.channel.FD() < 0)
}
