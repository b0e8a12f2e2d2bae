package ipc

import (
	"log/slog"
	"math"
	"time"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/reactor"
)

// This file closes a channel, on the loop goroutine. Disconnect: write the queue, read until the
// peer is quiet, shut down the writing half, read to the peer's end, Destroy. Everything else, such
// as the peer's end, goes to Destroy too; abandon closes a channel with its loop.

const (
	// shutAfter is the number of bytes that are read, once everything was sent, before the peer is
	// told that nothing more comes: more than a socket holds. While a peer goes on sending, the
	// socket would never be empty.
	shutAfter = 4 << 20

	// Before the peer is told that nothing more comes, it must have been quiet for quietTime if it
	// has sent something since everything was sent to it, else for briefTime.
	quietTime = 200 * time.Millisecond
	briefTime = 20 * time.Millisecond

	// skbCost is about the number of bytes that the kernel charges a socket for a message besides
	// its own length, if the message was written alone.
	skbCost = 768
)

// Disconnect closes the channel in order. Connected is false from here on. Queued messages are sent
// first, and a handle among them is acknowledged. Then the peer, Node or brood, is told that
// nothing more comes (shutdown(2)); it closes its own end then. Until it does, the messages that it
// sent before are delivered. Then the descriptor is closed, and OnDisconnect comes last. If the
// channel is not connected, OnError gets [ErrDisconnected] on the next tick.
//
// If the peer does not close, because it hangs or goes on sending, or another process has its
// descriptor, Disconnect stops waiting after Options.Linger. A handle that comes after the peer was
// told cannot be acknowledged: it is closed, its message is dropped, and the sender sees that it
// was not received.
//
// If the peer never reads the queued messages, Disconnect waits until [Channel.Destroy], the exit
// of the peer, or Close of the loop.
func (c *Channel) Disconnect() {
	switch {
	case c.hub.closed:
		return // The loop is closed: there are no events.
	case c.state != stateOpen:
		c.report(ErrDisconnected)
		return
	}
	c.state = stateClosing
	if c.out.gate == gateOpen && !c.out.wire.empty() {
		c.flush()
		return
	}
	c.checkQueue()
}

// queueReadRest starts the linger time, on the first call, and queues readRest as an immediate,
// once. Call it in stateClosing when the queue is empty.
func (c *Channel) queueReadRest() {
	if c.lingerTimer == nil {
		c.in.restBytes = 0
		c.startLinger()
	}
	if !c.out.restDue {
		c.out.restDue = true
		c.loop.SetImmediate(c.readRest)
	}
}

// readRest reads the bytes that are there and acknowledges the handles among them. If the peer
// seems to have nothing left to send, it is told that nothing more comes.
func (c *Channel) readRest() {
	c.out.restDue = false
	if c.state != stateClosing || !c.out.idle() {
		return // checkQueue queues it again when the queue is empty.
	}
	if c.inbox.len() > 0 {
		c.queueReadRest() // It may have handles to acknowledge.
		return
	}
	if c.in.restBytes < shutAfter && c.wantsRead() {
		c.receive()
		if c.state != stateClosing {
			return
		}
		if !c.in.empty {
			c.queueReadRest()
			return
		}
	}
	switch {
	case c.out.broken != nil:
		c.Destroy() // The peer reads no more, and its earlier messages were read.
	case c.peerIsSending():
		c.waitQuiet()
	default:
		c.shut()
	}
}

// peerIsSending reports whether the peer is in the middle of a message or was sending until now.
// After half the linger time it reports false. That long wait is for a Node peer that has filled
// the socket: it writes the rest of its queue only when its JavaScript returns, and drops it if it
// sees the end before.
func (c *Channel) peerIsSending() bool {
	limit := c.linger
	if limit < 0 {
		limit = DefaultLinger
	}
	if c.in.restBytes >= shutAfter || !c.wantsRead() || c.loop.Now().Sub(c.lingerStart) >= limit/2 {
		return false
	}
	quiet := briefTime
	if c.in.restBytes > 0 {
		quiet = quietTime
	}
	return c.in.batch >= c.socketSize()/2 || c.in.splitter.Partial() || c.loop.Now().Sub(c.in.last) < min(quiet, limit/4)
}

// socketSize returns the number of bytes, as the kernel counts them, that the peer can write before
// this side reads.
func (c *Channel) socketSize() int {
	// Our send buffer is as large as the peer's, unless a program has set one.
	size, err := unix.GetsockoptInt(c.fd, unix.SOL_SOCKET, unix.SO_SNDBUF)
	if err != nil {
		return math.MaxInt
	}
	return size
}

// waitQuiet calls checkQueue after briefTime. Bytes from the peer cause that earlier.
func (c *Channel) waitQuiet() {
	if c.quietTimer != nil {
		return
	}
	c.quietTimer = c.loop.SetTimeout(briefTime, func() {
		if c.quietTimer = nil; c.state == stateClosing {
			c.checkQueue()
		}
	})
	c.quietTimer.Unref()
}

// shut tells the peer that nothing more comes, and waits for its end.
func (c *Channel) shut() {
	c.state = stateShut
	if err := unix.Shutdown(c.fd, unix.SHUT_WR); err != nil {
		// The peer has gone, and everything was read. Only Darwin returns an error then.
		c.Destroy()
		return
	}
	c.update()
}

// startLinger destroys the channel after Options.Linger. Call it once.
func (c *Channel) startLinger() {
	c.lingerStart = c.loop.Now()
	wait := c.linger
	if wait < 0 {
		wait = math.MaxInt64
	}
	c.lingerTimer = c.loop.SetTimeout(wait, c.Destroy)
	c.lingerTimer.Unref() // Only the watcher keeps the loop alive for the channel.
}

// peerEnded takes the end of the peer's stream. Either the peer has exited, or it has disconnected
// and still reads: then it gets the queued messages. It does not acknowledge handles any more.
func (c *Channel) peerEnded() {
	c.in.eof = true
	s := &c.out
	if c.state == stateShut || s.wire.empty() || s.broken != nil {
		c.Destroy()
		return
	}
	c.state = stateClosing
	if c.lingerTimer == nil {
		c.startLinger()
	}
	c.flush()
}

// Destroy closes the channel at once. Queued messages are dropped; the Done of each, or OnError,
// gets [ErrChannelClosed]. Messages that were read are still delivered, then OnDisconnect comes. If
// the channel is closed, Destroy does nothing.
func (c *Channel) Destroy() {
	// Every way to close an open channel comes here, except abandon. The events follow on ticks,
	// behind the entries of the inbox.
	if c.state >= stateClosed {
		return
	}
	c.state = stateClosed
	c.closeDescriptor()
	c.dropQueue(ErrChannelClosed)
	c.loop.NextTick(func() {
		if len(c.requests.waiting) == 0 {
			c.emitDisconnect()
			return
		}
		c.failRequests() // Answers that were read were delivered before this tick.
		c.loop.NextTick(c.emitDisconnect)
	})
}

// closeDescriptor closes the descriptor, the watcher, the timers and the received descriptors
// without a frame. Call it once.
func (c *Channel) closeDescriptor() {
	c.watcher.Close()
	for _, t := range []*reactor.Timer{c.lingerTimer, c.quietTimer} {
		if t != nil {
			t.Stop()
		}
	}
	fd.Close(c.fd)
	c.fd = -1
	c.in.rights.closeUnclaimed(false)
}

// emitDisconnect is the last tick of a channel, behind every received message and every callback of
// a sent one.
func (c *Channel) emitDisconnect() {
	delete(c.hub.open, c)
	c.dropWaiting()
	hooks := c.disconnectHooks
	c.disconnectHooks = nil
	for _, fn := range hooks {
		fn()
	}
	reactor.Emit(c.loop, &c.disconnect, struct{}{})
}

// addDisconnectHook adds fn to the functions that run once, right before OnDisconnect. If the loop
// closes the channel they do not run.
func (c *Channel) addDisconnectHook(fn func()) { c.disconnectHooks = append(c.disconnectHooks, fn) }

// abandon closes the channel with its loop, without events: no tick runs any more, so it closes the
// descriptors in the inbox and the queue itself.
func (c *Channel) abandon() {
	delete(c.hub.open, c)
	c.dropRequests()
	if c.state < stateClosed {
		c.state = stateClosed
		if n := c.out.frames.len() + c.out.queue.len(); n > 0 {
			c.loop.Log(slog.LevelError, "brood: ipc messages were not sent when the loop was closed", "messages", n)
		}
		c.closeDescriptor()
		for !c.out.queue.empty() {
			if f := c.out.queue.pop(); f.out != nil {
				fd.Close(f.out.fd)
			}
		}
		if t := c.out.inFlight; t != nil {
			fd.Close(t.out.fd)
		}
		c.out.wire.drop(c.hub)
	}
	c.dropInbox()
	c.dropWaiting()
}

// dropInbox empties the inbox, and closes the descriptors in it.
func (c *Channel) dropInbox() {
	for c.inbox.len() > 0 {
		if s := c.inbox.pop().special; s != nil && s.err == nil {
			fd.Close(s.fd)
		}
	}
}
