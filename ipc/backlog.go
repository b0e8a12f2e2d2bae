package ipc

import "github.com/brood-go/brood/internal/fd"

// A Backlog marks the bytes that a channel had not delivered at one moment. Packages childprocess
// and pool wait for it before they report the exit of a process, or judge one that is late.
//
// A Backlog's methods must be called on the loop goroutine.
type Backlog struct {
	c *Channel
	// the count of in.bytes at which the backlog is read; bytes that the peer sends later do not
	// raise it
	until int64
}

// Backlog marks the messages that the channel has not delivered now: those that were read, and
// those that the kernel holds.
func (c *Channel) Backlog() Backlog {
	if c.fd < 0 {
		return Backlog{c, c.in.bytes}
	}
	return Backlog{c, c.in.bytes + int64(fd.Pending(c.fd))}
}

// Left reports whether the channel will deliver some of its backlog, or its end behind that, on a
// coming turn. It reports false for a channel that is paused, or does not read because too many
// messages wait for a listener.
func (b Backlog) Left() bool {
	c := b.c
	if _, open := c.hub.open[c]; !open {
		return false // OnDisconnect came.
	}
	switch {
	case c.state >= stateClosed, c.inbox.len() > 0:
		return true // The ticks of the inbox, or of the end, are queued.
	case c.paused, c.holds > 0, !c.wantsRead():
		return false
	}
	return c.in.bytes < b.until || fd.AtEnd(c.fd)
}

// HeldBack reports false: only this program holds a channel back, see Withheld.
func (b Backlog) HeldBack() bool { return false }

// Withheld reports whether this program keeps the channel from reading some of the backlog. The
// peer may then be blocked.
func (b Backlog) Withheld() bool {
	c := b.c
	return c.fd >= 0 && (c.paused || c.holds > 0 || !c.wantsRead()) && c.in.bytes < b.until
}

// End returns the number of bytes that the channel will have read at the end of its backlog.
func (b Backlog) End() int64 { return b.until }
