package ipc

const (
	// eagerWrites is the number of messages of a burst that are written at once: a program may exit
	// right behind them. Later messages are gathered and written together.
	eagerWrites = 64

	// gatherSize is the number of gathered bytes from which on they are written without waiting for
	// the end of the callback.
	gatherSize = 64 << 10

	// worthWriting is the number of messages of one callback from which on they are written at its
	// end. If callbacks send fewer, as functions do that other goroutines post one by one, their
	// messages are written at the end of the turn, all together.
	worthWriting = 16
)

// burst counts the messages of a burst, to decide which are written at once and which are gathered.
// A burst lasts one turn. Once flushTurn is queued it goes on over the next turns, until one of
// them sends nothing.
type burst struct {
	size      int    // messages of the burst so far
	here      int    // messages of this callback and its ticks
	turn      uint64 // the loop's turn of the last message
	tickDue   bool   // Channel.flushCallback is queued as a tick
	turnDue   bool   // Channel.flushTurn is queued as an immediate
	sentSince bool   // a message was sent since the last flushTurn

	flushCallback, flushTurn func() // made once, because making one allocates
}

// noteSend counts a message. Call it before the message is written or gathered.
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

// writesAtOnce reports whether f, the message that was noted last, is written at once.
func (b *burst) writesAtOnce(f wireFrame) bool {
	if f.gather {
		return b.here <= 1
	}
	return b.size <= eagerWrites
}

// flushCallback is the tick behind all messages of a callback. It writes them or leaves them to
// flushTurn.
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

// flushTurn is the immediate behind all callbacks of a turn. It writes their messages.
func (c *Channel) flushTurn() {
	b := &c.out.burst
	b.turnDue = false
	c.Flush()
	if b.sentSince && c.state == stateOpen { // This turn or the next one may have more.
		b.turnDue, b.sentSince = true, false
		c.loop.SetImmediate(b.flushTurn)
	}
}
