package childprocess

// This file has the last look at a child that a limit is about to kill. A timer that fires says
// only that the time has passed on this loop. If the loop or the machine was busy, the child may
// have exited in time, with all its output in the pipes; then it is spared. All of it runs on the
// loop goroutine.

// unlessItCloses calls act after the loop has handled everything that is ready now. It does not
// call act if the child has exited by then and its output comes to its end.
func (c *ChildProcess) unlessItCloses(act func()) {
	w := &lastLook{c: c, act: act, unread: c.backlog()}
	// In the immediates phase all events of this turn's poll have been handled.
	c.loop.SetImmediate(w.look)
}

// lastLook is one call of unlessItCloses. It looks turn by turn until the child closes or act is
// called.
type lastLook struct {
	c      *ChildProcess
	act    func()
	unread backlog // the output that was to be read at the time of the call
}

func (w *lastLook) look() {
	c := w.c
	switch {
	case c.state == childClosed:
	case c.state == childRunning && !c.process.Ended():
		w.act()
	case c.state == childRunning:
		// Nothing else would reap it if the exit watch is SIGCHLD and this program ignores that.
		c.siblings.reapSoon(c)
		c.loop.SetImmediate(w.look)
	// A reader of this program that is slow gets its time. The target of a Tee does not: it may be
	// slow for ever.
	case w.unread.heldBack() && !c.teesBehind():
		c.loop.SetTimeout(restPoll, w.look)
	case c.state == childReaped, w.unread.left(), c.willClose():
		c.loop.SetImmediate(w.look) // The next turn reads on.
	default:
		w.act()
	}
}

// willClose reports whether close needs nothing from another process or from the program:
// everything that it waits for has come to its end.
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
