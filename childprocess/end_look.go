package childprocess

import "github.com/brood-go/brood/streams"

// This file is what a limit does before it ends a child. A timer says only that time has passed for the loop. The loop, or
// the machine, may have been busy meanwhile, and the child may have ended, with all its output in the pipes.

// unlessItEnds calls act once the loop has looked at everything that is ready now, unless the child has ended by then and its
// output has come to its end.
func (c *ChildProcess) unlessItEnds(act func()) {
	w := &lastLook{c: c, act: act}
	for _, s := range c.Stdio {
		if s.Readable != nil && s.Readable.Flowing() {
			w.left = append(w.left, unread{s.Readable, s.Readable.BytesRead() + int64(s.Readable.Pending())})
		}
	}
	// In the immediates phase: the poll is over then, and what it has found was handled.
	c.loop.SetImmediate(w.look)
}

// lastLook is one call of unlessItEnds.
type lastLook struct {
	c    *ChildProcess
	act  func()
	left []unread
}

// unread is a stream of which the kernel held something when the limit was over. until is the number of bytes read when that
// has been read: who goes on to write cannot put the end off.
type unread struct {
	stream *streams.Readable
	until  int64
}

func (w *lastLook) look() {
	c := w.c
	switch {
	case c.state == childClosed:
	case c.state == childRunning && !c.process.Ended():
		w.act()
	case c.state == childRunning:
		c.family.lookSoon(c) // Where SIGCHLD tells and is ignored, nothing else would see its end.
		c.loop.SetImmediate(w.look)
	case w.heldBack():
		c.loop.SetTimeout(groupPoll, w.look)
	case w.moreToRead(), c.closes():
		c.loop.SetImmediate(w.look) // The next turn reads on.
	default:
		w.act()
	}
}

// moreToRead reports whether a stream still has something of what it had, or its end.
func (w *lastLook) moreToRead() bool {
	for _, u := range w.left {
		if !u.stream.Closed() && u.stream.Flowing() && (u.stream.BytesRead() < u.until || u.stream.AtEnd()) {
			return true
		}
	}
	return false
}

// heldBack reports whether a stream has more that somebody is too slow for: no turn of the loop is to be spent on waiting.
func (w *lastLook) heldBack() bool {
	for _, u := range w.left {
		if u.stream.HeldBack() && u.stream.BytesRead() < u.until {
			return true
		}
	}
	return false
}

// closes reports whether close is on its way: nobody holds it up.
func (c *ChildProcess) closes() bool {
	for _, s := range c.Stdio {
		if s.Readable == nil {
			continue
		}
		if !s.Readable.Closed() || s.Readable.HoldsEnd() || s.Writable != nil && !s.Writable.Closed() {
			return false
		}
	}
	return c.limits.group == nil && (c.channel == nil || c.channel.FD() < 0)
}
