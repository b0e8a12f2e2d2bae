package ipc

import (
	"time"

	"golang.org/x/sys/unix"
)

// This file decides what happens when a write fails: try it again later, give up its message, or
// write nothing any more. It runs on the loop goroutine.

const (
	// maxFailures is how often in a row the write of a message may fail for a reason that can pass.
	// Then, after about 60 ms, the message is given up.
	maxFailures = 7

	// maxVitalFailures is the same for a frame that cannot be given up: the peer has a part of it
	// already, or waits for it, as for an acknowledgement. Then, after about 3 s, nothing is
	// written any more.
	maxVitalFailures = 100

	firstRetry = time.Millisecond // doubles with each failure in a row
	lastRetry  = 32 * time.Millisecond
)

// gate says whether the channel may write now.
type gate uint8

const (
	gateOpen  gate = iota
	gateFull       // the kernel takes no more, until the poller reports the socket writable
	gateRetry      // a write has failed for a reason that may pass, until retryTimer fires
)

// canPass reports whether a write that failed with err may succeed a little later: the system is
// short of memory, or too many descriptors are on their way between processes (unix(7)).
func canPass(err error) bool {
	return err == unix.ENOBUFS || err == unix.ENOMEM || err == unix.ETOOMANYREFS
}

// isBroken reports whether err means that no write can succeed any more, because the peer has gone
// or has shut down its reading half. Every other error concerns one message.
func isBroken(err error) bool {
	switch err {
	case unix.EPIPE, unix.ECONNRESET, unix.ENOTCONN, unix.ESHUTDOWN:
		return true
	}
	return false
}

// writeFailed takes the error of writing the first frame on the wire. It reports whether writing
// goes on with the next frame. It may close the channel.
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

// retryLater closes the gate and opens it again after a short time, which doubles with each
// failure.
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
	s.retryTimer.Unref() // Only the watcher keeps the loop alive for the channel.
}

// giveUp takes the first frame off the wire and fails its message with err. The kernel must have no
// part of it.
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
