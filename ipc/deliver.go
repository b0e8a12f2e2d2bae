package ipc

import "github.com/brood-go/brood/reactor"

// This file delivers messages, on ticks of the loop: inbox → takeInbound → deliver → the listeners
// of OnMessage, or waitingList while there are none.

// Limits of waitingList. Past them the channel does not read, and the peer is held up as by any
// slow reader.
const (
	maxWaiting = 16 << 20 // bytes, with messageCost and handleCost
	// bytes that a message counts besides its length, because an empty one takes memory too
	messageCost = 128
	handleCost  = 256 << 10 // bytes that a handle counts: 64 of them fill the list
)

// waitingList has the messages that came while OnMessage had no listener, in order. They own their
// memory (Message.keep).
type waitingList struct {
	list ring[*Message]
	cost int  // bytes, the sum of costOf; compared with maxWaiting
	due  bool // deliverWaiting is queued
}

func (w *waitingList) empty() bool { return w.list.len() == 0 }
func (w *waitingList) full() bool  { return w.cost >= maxWaiting }

func (w *waitingList) push(m *Message) {
	w.list.push(m)
	w.cost += costOf(m)
}

func (w *waitingList) pop() *Message {
	m := w.list.pop()
	w.cost -= costOf(m)
	return m
}

func costOf(m *Message) int {
	cost := messageCost + len(m.raw)
	if m.handle != nil {
		cost += handleCost
	}
	return cost
}

// takeInbound is the tick of one entry of the inbox: it takes the oldest one.
func (c *Channel) takeInbound() {
	in := c.inbox.pop()
	switch {
	case in.special == nil:
		c.checkAndDeliver(in.message)
	case in.special.err != nil:
		c.emitError(in.special.err)
	default:
		c.receiveInternal(in)
	}
}

// checkAndDeliver checks an unread message, then delivers it. A malformed one goes to OnError, one
// of Node's internal messages to receiveInternal.
func (c *Channel) checkAndDeliver(m *Message) {
	if m.unread {
		m.unread = false
		cmd, err := c.format.check(m)
		if err != nil {
			c.emitError(badMessage(m.raw, err))
			return
		}
		if cmd != "" {
			c.receiveInternal(inbound{message: m, special: &special{cmd: cmd, fd: -1}})
			return
		}
	}
	c.deliver(m)
}

// deliver gives a message to the request that it answers, or to the listeners, or to waitingList.
func (c *Channel) deliver(m *Message) {
	if n := c.answerTo(m); n > 0 {
		c.deliverAnswer(n, m)
		return
	}
	if c.message.Len() > 0 && c.waiting.empty() {
		c.emit(m)
		return
	}
	if c.state >= stateClosed && c.message.Len() == 0 {
		m.expire(false) // The channel is closed: no listener would get it.
		return
	}
	m.keep()
	c.waiting.push(m)
	if c.message.Len() > 0 {
		c.scheduleWaiting()
	}
	c.update()
}

// emit calls the listeners of OnMessage with m, which expires with that.
func (c *Channel) emit(m *Message) {
	defer m.expire(c.hub.poison) // Also when the handler panics.
	reactor.Emit(c.loop, &c.message, m)
}

// scheduleWaiting queues deliverWaiting as the next tick, once.
func (c *Channel) scheduleWaiting() {
	if c.waiting.empty() || c.waiting.due || c.hub.closed {
		return
	}
	c.waiting.due = true
	c.loop.NextTick(c.deliverWaiting)
}

// deliverWaiting delivers all waiting messages in one tick, as Node does. Unlike Node it keeps the
// rest if the last listener is removed meanwhile. If a handler panics, the rest is delivered on the
// next tick.
func (c *Channel) deliverWaiting() {
	defer func() {
		c.waiting.due = false
		if c.message.Len() > 0 {
			c.scheduleWaiting()
		}
		c.update()
	}()
	for !c.waiting.empty() && c.message.Len() > 0 {
		c.emit(c.waiting.pop())
	}
}

// dropWaiting drops the waiting messages, because the channel is closed. Their handles are closed.
func (c *Channel) dropWaiting() {
	for !c.waiting.empty() {
		c.waiting.pop().expire(false)
	}
}
