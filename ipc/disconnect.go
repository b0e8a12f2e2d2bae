package ipc

import (
	"log/slog"
	"math"
	"time"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/reactor"
)

const (
	// shutAfter is the number of bytes that are read, after everything was sent, before the peer is
	// told that nothing more comes: more than a socket holds. A peer that goes on sending would
	// never let the socket become empty.
	shutAfter = 4 << 20

	// A peer that has sent something since everything was sent to it has to be quiet for quietTime
	// before it is told, another one for briefTime.
	quietTime = 200 * time.Millisecond
	briefTime = 20 * time.Millisecond

	// skbCost is about what the kernel charges a socket for a message that was written alone,
	// beside its bytes.
	skbCost = 768
)

// Disconnect ends the channel. Connected is false from here on; what was queued is sent first, and
// a handle among it acknowledged. Then the peer is told that nothing more comes (shutdown(2)),
// which is the end of the channel for it, Node or brood, and it closes its own end. Until it does,
// its messages are delivered: all that it has sent before it knew. Then the descriptor is closed,
// and OnDisconnect comes last. On a channel that is not connected OnError gets [ErrDisconnected],
// on the next tick.
//
// A peer that does not close, because it hangs or goes on sending, or because another process has
// its descriptor, is left after Options.Linger. A handle that comes after the peer was told cannot
// be acknowledged: it is closed, its message is dropped, and the sender sees that it was not
// received.
//
// A peer that never reads what was queued can hold this up for ever; [Channel.Destroy], the end of
// the peer, and Close of the loop end it.
func (c *Channel) Disconnect() {
	switch {
	case c.hub.closed:
		return // There are no more events.
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

// queueReadRest is for a channel that is to be closed and has nothing left to send.
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

// readRest reads what is there and acknowledges the handles among it. When the peer seems to have
// nothing left to send it is told that nothing more comes.
func (c *Channel) readRest() {
	c.out.restDue = false
	if c.state != stateClosing || !c.out.idle() {
		return // Otherwise checkQueue comes again.
	}
	if c.inbox.len() > 0 {
		c.queueReadRest() // There may be handles in it.
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
		c.destroy() // The peer reads no more, and what it wrote before was read.
	case c.peerIsSending():
		c.waitQuiet()
	default:
		c.shut()
	}
}

// peerIsSending reports whether the peer is in the middle of a message, or was sending up to now;
// but not for ever. A Node peer that has more queued than the socket holds drops it when it sees
// the end, and it writes the queue only when its JavaScript returns. So one that has filled the
// socket gets half of the linger time.
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

// socketSize is how much the peer can write before somebody reads, as the kernel counts it.
func (c *Channel) socketSize() int {
	// Ours is as large, unless somebody changed one.
	size, err := unix.GetsockoptInt(c.fd, unix.SOL_SOCKET, unix.SO_SNDBUF)
	if err != nil {
		return math.MaxInt
	}
	return size
}

// waitQuiet has queueReadRest called again. What the peer sends meanwhile does so too.
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

// shut tells the peer that nothing more comes.
func (c *Channel) shut() {
	c.state = stateShut
	if err := unix.Shutdown(c.fd, unix.SHUT_WR); err != nil {
		c.destroy() // The peer has gone, and everything was read. (On Darwin it is an error then.)
		return
	}
	c.update()
}

// startLinger bounds the wait for the peer's end.
func (c *Channel) startLinger() {
	c.lingerStart = c.loop.Now()
	wait := c.linger
	if wait < 0 {
		wait = math.MaxInt64
	}
	c.lingerTimer = c.loop.SetTimeout(wait, c.destroy)
	c.lingerTimer.Unref() // Whether the channel keeps the loop alive is decided by its watcher.
}

// peerEnded is called when the peer sends no more. It has gone, or it has disconnected and still
// reads: then it gets what was queued for it. It does not acknowledge handles any more.
func (c *Channel) peerEnded() {
	c.in.eof = true
	s := &c.out
	if c.state == stateShut || s.wire.empty() || s.broken != nil {
		c.destroy()
		return
	}
	c.state = stateClosing
	if c.lingerTimer == nil {
		c.startLinger()
	}
	c.flush()
}

// Destroy ends the channel at once: what is queued is dropped, and Done or OnError gets
// [ErrChannelClosed] for each message. Messages that were read already are still delivered, then
// OnDisconnect comes. Destroying a channel that has ended does nothing.
func (c *Channel) Destroy() { c.destroy() }

// destroy closes the descriptor, by whoever it was decided. The events follow what is queued to be
// delivered.
func (c *Channel) destroy() {
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
		c.failRequests() // Answers that were read have been given by now.
		c.loop.NextTick(c.emitDisconnect)
	})
}

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

// emitDisconnect is the tick behind everything that was received and every callback of a message.
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

// addDisconnectHook has fn called once when the channel has ended, just before OnDisconnect; not when it is
// closed with the loop.
func (c *Channel) addDisconnectHook(fn func()) { c.disconnectHooks = append(c.disconnectHooks, fn) }

// abandon is the end with the loop, without events: nothing of the channel runs any more, not even
// the ticks for what is in its inbox.
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

// dropInbox gives up what has come and was not delivered.
func (c *Channel) dropInbox() {
	for c.inbox.len() > 0 {
		if s := c.inbox.pop().special; s != nil && s.err == nil {
			fd.Close(s.fd)
		}
	}
}
