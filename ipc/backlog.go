package ipc

import "github.com/brood-go/brood/internal/fd"

// A Backlog is what a channel had not delivered at one moment. Its methods must be called on the
// loop goroutine.
type Backlog struct {
	c *Channel
	// the number of bytes that are read when the backlog is: a peer that goes on to send does not
	// put that off
	until int64
}

// Backlog returns what the channel has not delivered now: messages that were read, and what the
// kernel holds.
func (c *Channel) Backlog() Backlog {
	if c.fd < 0 {
		return Backlog{c, c.in.bytes}
	}
	return Backlog{c, c.in.bytes + int64(fd.Pending(c.fd))}
}

// Left reports whether the channel will deliver some of its backlog, or its end behind that, on a
// coming turn. It reports false for a channel that is paused, and for one that does not read
// because too much waits for a listener.
func (b Backlog) Left() bool {
	c := b.c
	if _, open := c.hub.open[c]; !open {
		return false // OnDisconnect was told.
	}
	switch {
	case c.state >= stateClosed, c.inbox.len() > 0:
		return true // Ticks do the rest.
	case c.paused, c.holds > 0, !c.wantsRead():
		return false
	}
	return c.in.bytes < b.until || fd.AtEnd(c.fd)
}

// HeldBack reports false: nothing but the program holds a channel back.
func (b Backlog) HeldBack() bool { return false }

// Withheld reports whether this program keeps the channel from reading some of the backlog: the
// peer may have to wait for that.
func (b Backlog) Withheld() bool {
	c := b.c
	return c.fd >= 0 && (c.paused || c.holds > 0 || !c.wantsRead()) && c.in.bytes < b.until
}

// End returns how many bytes the channel has read when it has read its backlog.
func (b Backlog) End() int64 { return b.until }
