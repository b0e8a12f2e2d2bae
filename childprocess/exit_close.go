package childprocess

import "github.com/brood-go/brood/reactor"

// This file decides when exit and close come. close waits for c.pending to become 0: one for exit
// (or error), one for each Readable among the streams, and one for the Writable of a two-way one.
// Stdin is not waited for: it is destroyed at exit. The channel counts until it has disconnected,
// and a group that is being ended, see awaitGroup.

// awaitStreams counts the streams. It is called before anybody else listens, so close can come
// before a user's own listener for the close of the last stream, as in Node.
func (c *ChildProcess) awaitStreams() {
	if c.channel != nil {
		c.pending++
		c.channel.OnDisconnect(func() {
			defer c.countDown()
			reactor.Emit(c.loop, &c.disconnect, struct{}{})
		})
	}
	for i, s := range c.streams {
		if s.Readable == nil {
			continue
		}
		c.pending++
		s.Readable.NotifyClose((*streamCount)(c))
		if s.Writable == nil || i == 0 {
			continue
		}
		c.pending++
		s.Writable.NotifyClose((*streamCount)(c))
		if i >= len(c.Stdio) {
			// Of a terminal nothing is left when nobody shows what it has: what is typed would go
			// nowhere.
			s.Readable.OnClose(func() { s.Writable.Destroy(nil) })
			continue
		}
		// A socket whose other side has ended has nobody left to write to.
		s.Readable.OnEnd(s.Writable.End)
		s.Readable.OnClose(func() {
			if c.state > childRunning {
				// The user has destroyed the reading half: no end has come to do it.
				s.Writable.End()
			}
		})
	}
}

// streamCount is the child as its streams see it.
type streamCount ChildProcess

// StreamClosed is called by each stream that close waits for.
func (s *streamCount) StreamClosed() { (*ChildProcess)(s).countDown() }

// reportExit is called once, when the process has ended or, by a tick, when it could not be started.
func (c *ChildProcess) reportExit(status ExitStatus) {
	c.state = childExited
	status.Cause, status.Forced = c.limits.cause, c.limits.forced
	status.Overflowed = c.status.Overflowed
	status.CutOff = c.status.CutOff // A form that has had enough does not wait for the exit.
	c.status = status
	c.disarmAtExit()
	c.terminal.closeSlave() // From here on the last one who has it closes it.
	if c.stdin != nil {
		c.stopFeeding()
		c.stdin.Destroy(nil)
	}
	// Deferred: a listener that panics does not cost the others their close. It comes behind the
	// ticks of the listeners, which may add others that still get the data.
	defer func() {
		c.loop.NextTick(c.flushStdio)
		c.countDown()
	}()
	if c.startErr != nil {
		reactor.Emit[error](c.loop, &c.err, c.startErr)
		return
	}
	defer reactor.Emit(c.loop, &c.exit, status)
	if c.inputErr != nil && !c.limits.untilClose { // Else the form tells of it.
		reactor.Emit(c.loop, &c.err, c.inputErr)
	}
}

// flushStdio has the streams come to their end although nobody reads them. One that was lent to another
// child is that child's to read. What nobody listens for is retained, within limits, for Lines on a
// goroutine that was slower than the child.
func (c *ChildProcess) flushStdio() {
	for i, s := range c.streams {
		if s.Readable == nil {
			continue
		}
		if !s.Readable.Lent() {
			s.Readable.Retain()
		}
		if s.Writable != nil && i > 0 && s.Readable.Closed() {
			s.Writable.End() // The user has destroyed the reading half: no end will come to do it.
		}
	}
}

// cutOff closes what still holds close up: pipes and a channel that others have the other ends of.
func (c *ChildProcess) cutOff() {
	c.cutChannel()
	c.cutTees()
	for _, s := range c.streams {
		if s.Readable != nil {
			c.status.CutOff = c.status.CutOff || !s.Readable.Closed()
			s.destroy() // Also what has come to its end but was paused before that could be told.
		}
	}
}

func (c *ChildProcess) cutChannel() {
	if c.channel != nil && c.channel.FD() >= 0 {
		c.status.CutOff = true
		c.channel.Destroy()
	}
}

// endOutput is cutOff for a child that has ended as it should, when CloseGrace is over. Nothing of
// its output is missing as far as it has been written, so the pipes come to an end like others; but
// what somebody has paused is closed.
func (c *ChildProcess) endOutput() {
	c.cutChannel()
	for _, s := range c.streams {
		switch {
		case s.Readable == nil:
		case s.Readable.Flowing():
			// If it was closed, its end is on its way.
			c.status.CutOff = s.Readable.Cut() || c.status.CutOff
			if s.Writable != nil {
				s.Writable.Destroy(nil)
			}
		default:
			c.status.CutOff = c.status.CutOff || !s.Readable.Closed()
			s.destroy()
		}
	}
}

// countDown counts down to close.
func (c *ChildProcess) countDown() {
	c.pending--
	if c.pending > 0 {
		return
	}
	c.state = childClosed
	c.limits.disarmAtClose()
	c.siblings.remove(c)
	defer close(c.done) // Those who Wait are told also when a listener panics.
	reactor.Emit(c.loop, &c.close, c.status)
}
