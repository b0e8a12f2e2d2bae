package ipc

const (
	// eagerWrites is the number of messages of a burst that are written at once. Those that follow
	// are gathered and written together. Written at once means that a program may exit right behind
	// it.
	eagerWrites = 64

	// gatherSize is the number of gathered bytes that are written without waiting for the end of
	// the callback.
	gatherSize = 64 << 10

	// worthWriting is the number of messages of one callback for which what was gathered is written
	// at its end. That of callbacks which send less, as functions do that other goroutines have
	// posted one by one, is written at the end of the turn, for all of them together.
	worthWriting = 16
)

// burst counts messages that are sent one after the other. It goes on from one callback to the
// next, and from one turn to the next as long as each callback leaves its messages to the end of
// the turn. It is over with a turn that did not have to.
type burst struct {
	size      int    // messages so far
	here      int    // of them, in this callback and the ticks behind it
	turn      uint64 // of the loop, in which there was one last
	tickDue   bool   // Channel.flushCallback is queued
	turnDue   bool   // Channel.flushTurn is set
	sentSince bool   // there was one since flushTurn was called

	flushCallback, flushTurn func() // made once so that queueing them does not allocate
}

// noteSend counts a message that is about to be written or gathered.
func (c *Channel) noteSend() {
	b := &c.out.burst
	if !b.tickDue {
		b.tickDue = true
		c.loop.NextTick(b.flushCallback)
		if turn := c.loop.Stats().Turns; turn != b.turn {
			b.turn = turn
			if !b.turnDue {
				b.size = 0
			}
		}
	}
	b.size++
	b.here++
	b.sentSince = true
}

// writesAtOnce reports whether f, which was noted last, need not wait for others.
func (b *burst) writesAtOnce(f wireFrame) bool {
	if f.gather {
		return b.here <= 1
	}
	return b.size <= eagerWrites
}

// flushCallback is behind everything that the callback and its ticks have sent.
func (c *Channel) flushCallback() {
	b := &c.out.burst
	here := b.here
	b.here, b.tickDue = 0, false
	if b.size <= eagerWrites || here >= worthWriting {
		c.Flush()
	} else if !b.turnDue {
		b.turnDue = true
		c.loop.SetImmediate(b.flushTurn)
	}
}

// flushTurn is behind all callbacks of a turn.
func (c *Channel) flushTurn() {
	b := &c.out.burst
	b.turnDue = false
	c.Flush()
	if b.sentSince && c.state == stateOpen { // This turn or the next one may have more.
		b.turnDue, b.sentSince = true, false
		c.loop.SetImmediate(b.flushTurn)
	}
}
