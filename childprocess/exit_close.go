package childprocess

import "github.com/brood-go/brood/reactor"

// This file decides when exit and close are emitted, on the loop goroutine. close waits until
// c.pending is 0. It counts
//
//   - exit, or error in its place,
//   - each Readable among the streams, and the Writable of a two-way one, until it has closed.
//     Stdin does not count: it is destroyed at exit,
//   - the channel, until it has disconnected,
//   - each target of a Tee, see tee.begin,
//   - the rest of a group or a tree that is being killed, see awaitRest.

// awaitStreams counts the streams and the channel. It is called before the program can add
// listeners. So close can come before a listener of the program for the close of the last stream,
// as in Node.
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
			// A terminal whose output is not read any more is closed: the child gets SIGHUP.
			s.Readable.OnClose(func() { s.Writable.Destroy(nil) })
			continue
		}
		// When the child's end of a socket has closed, nothing reads what is written to it.
		s.Readable.OnEnd(s.Writable.End)
		s.Readable.OnClose(func() {
			if c.state > childRunning {
				// The program has destroyed the reading half, so the OnEnd above never ran.
				s.Writable.End()
			}
		})
	}
}

// A streamCount is a ChildProcess that its streams notify. It is a type of its own so that
// StreamClosed is no method of ChildProcess.
type streamCount ChildProcess

// StreamClosed is called once for each stream that close waits for, in the callback of its close.
func (s *streamCount) StreamClosed() { (*ChildProcess)(s).countDown() }

// reportExit emits exit, once, or error if the program could not be started. It runs in a callback
// of its own, or in a tick.
func (c *ChildProcess) reportExit(status ExitStatus) {
	c.state = childExited
	status.Cause, status.Forced = c.limits.cause, c.limits.forced
	status.Overflowed = c.status.Overflowed
	status.CutOff = c.status.CutOff // A form can have closed the pipes before the exit.
	c.status = status
	c.disarmAtExit()
	c.terminal.closeSlave() // From now on the terminal ends when no other process has it.
	if c.stdin != nil {
		c.stopFeeding()
		c.stdin.Destroy(nil)
	}
	// Deferred, because close must come even if a listener panics. flushStdio runs after the ticks
	// that the listeners have queued: these may add listeners that still get the data.
	defer func() {
		c.loop.NextTick(c.flushStdio)
		c.countDown()
	}()
	if c.startErr != nil {
		reactor.Emit[error](c.loop, &c.err, c.startErr)
		return
	}
	defer reactor.Emit(c.loop, &c.exit, status)
	if c.inputErr != nil && !c.limits.untilClose { // A form that waits for the output returns it.
		reactor.Emit(c.loop, &c.err, c.inputErr)
	}
}

// flushStdio starts the streams that do not flow, so that they come to their end and close is
// emitted although nothing reads them (Node v20, lib/internal/child_process.js, flushStdio). A
// stream that was lent to another child is left for that child to read. Data without a listener is
// retained, up to the high-water mark, for a goroutine that calls Lines after the exit.
func (c *ChildProcess) flushStdio() {
	for i, s := range c.streams {
		if s.Readable == nil {
			continue
		}
		if !s.Readable.Lent() {
			s.Readable.Retain()
		}
		if s.Writable != nil && i > 0 && s.Readable.Closed() {
			s.Writable.End() // The reading half was destroyed, so its OnEnd never runs.
		}
	}
}

// cutOff closes the pipes and the channel that delay close, because other processes have their
// other ends. It sets CutOff if one of them was still open.
func (c *ChildProcess) cutOff() {
	c.cutChannel()
	c.cutTees()
	for _, s := range c.streams {
		if s.Readable != nil {
			c.status.CutOff = c.status.CutOff || !s.Readable.Closed()
			s.destroy() // Also a paused stream, whose end event would wait for Resume.
		}
	}
}

// cutChannel is cutOff for the channel.
func (c *ChildProcess) cutChannel() {
	if c.channel != nil && c.channel.FD() >= 0 {
		c.status.CutOff = true
		c.channel.Destroy()
	}
}

// endOutput is cutOff for a child that has exited by itself, when CloseGrace is over. The data that
// was written so far was read, so a flowing stream gets its end event; a paused one is destroyed.
func (c *ChildProcess) endOutput() {
	c.cutChannel()
	for _, s := range c.streams {
		switch {
		case s.Readable == nil:
		case s.Readable.Flowing():
			// Cut reports false for a stream whose end is due already.
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

// countDown is called when one of the things that close waits for has come. After the last one it
// emits close; then the child is in no list, and no limit is armed.
func (c *ChildProcess) countDown() {
	c.pending--
	if c.pending > 0 {
		return
	}
	c.state = childClosed
	c.limits.disarmAtClose()
	c.siblings.remove(c)
	defer close(c.done) // Deferred, because Wait must return even if a listener panics.
	reactor.Emit(c.loop, &c.close, c.status)
}
