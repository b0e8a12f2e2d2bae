package ipc

import (
	"time"

	"golang.org/x/sys/unix"
)

const (
	// maxFailures is how often in a row the writing of a message may fail for a reason that can pass,
	// until the message is given up: within about 60 ms.
	maxFailures = 7

	// maxVitalFailures is the same for what cannot be given up: a message of which the peer has a part
	// already, and the acknowledgement of a handle, for which the peer waits. After it, about 3 s,
	// nothing is written any more.
	maxVitalFailures = 100

	firstRetry = time.Millisecond // doubles with each failure in a row
	lastRetry  = 32 * time.Millisecond
)

// gate is whether the channel may write now.
type gate uint8

const (
	gateOpen  gate = iota
	gateFull       // the kernel takes no more: until it says that the socket is writable
	gateRetry      // a write has failed for a reason that may pass: until the timer
)

// canPass reports whether a write that failed with err may succeed a little later: the system is
// short of memory, or too many descriptors are on their way between processes (unix(7)).
func canPass(err error) bool {
	return err == unix.ENOBUFS || err == unix.ENOMEM || err == unix.ETOOMANYREFS
}

// isBroken reports whether err means that nothing can be written any more, because the peer has gone
// or has shut its socket down. Every other error is that of one message.
func isBroken(err error) bool {
	switch err {
	case unix.EPIPE, unix.ECONNRESET, unix.ENOTCONN, unix.ESHUTDOWN:
		return true
	}
	return false
}

// writeFailed decides what becomes of the first message of the wire, whose writing has failed with
// err, and reports whether writing goes on with the next.
func (c *Channel) writeFailed(err error) (proceed bool) {
	s := &c.out
	f := s.frames.front()
	most := maxFailures
	if whole := s.passed == s.begun; !whole || f.vital {
		most = maxVitalFailures
	}
	switch s.failures++; {
	case isBroken(err):
		c.breakWrites(err)
	case canPass(err) && s.failures < most:
		c.retryLater()
	case most == maxVitalFailures:
		c.breakWrites(err)
	default:
		s.failures = 0
		c.giveUp(wrap("write", err))
		return true
	}
	return false
}

// retryLater has writing go on a little later.
func (c *Channel) retryLater() {
	s := &c.out
	c.setGate(gateRetry)
	wait := min(firstRetry<<min(s.failures-1, 16), lastRetry)
	s.retryTimer = c.loop.SetTimeout(wait, func() {
		if s.retryTimer = nil; c.state < stateShut && s.gate == gateRetry {
			c.setGate(gateOpen)
			c.flush()
		}
	})
	s.retryTimer.Unref() // Whether the channel keeps the loop alive is decided by its watcher.
}

// giveUp takes the first message off the wire, of which nothing is with the kernel.
func (c *Channel) giveUp(err error) {
	s := &c.out
	f := s.frames.pop()
	s.wire.pop(c.hub, int(f.end-s.passed))
	s.passed, s.begun = f.end, f.end
	t := f.transfer
	if t == nil {
		c.fail(f, nil, err)
		return
	}
	s.inFlight = nil
	c.fail(f, t.out, err)
	t.out.close(false)
	c.sendQueued()
}
