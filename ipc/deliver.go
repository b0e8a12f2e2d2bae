package ipc

import "github.com/brood-go/brood/reactor"

// Limits of what waits while nobody listens for messages. Past them the channel reads no more, and
// the peer is held up as by any slow reader.
const (
	maxWaiting = 16 << 20 // bytes of messages, each counted with messageCost
	// bytes; what a message costs besides its own length, so that empty ones count too
	messageCost = 128
	handleCost  = 256 << 10 // bytes; what a handle counts for: 64 of them fill the list

)

// waitingList has the messages that came while nobody listened, in order.
type waitingList struct {
	list ring[*Message]
	cost int  // in bytes, see maxWaiting
	due  bool // a tick that delivers them is queued
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

// takeInbound is the tick that is queued for each entry of the inbox.
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

// checkAndDeliver delivers a message once it is known to be well formed, and not one of Node's own.
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

// deliver gives a message to the request that it answers, else to the listeners, or keeps it for
// the first one.
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
		m.expire(false) // Nobody will ever listen.
		return
	}
	m.keep()
	c.waiting.push(m)
	if c.message.Len() > 0 {
		c.scheduleWaiting()
	}
	c.update()
}

func (c *Channel) emit(m *Message) {
	defer m.expire(c.hub.poison) // Also when the handler panics.
	reactor.Emit(c.loop, &c.message, m)
}

// scheduleWaiting has the messages that wait delivered on the next tick.
func (c *Channel) scheduleWaiting() {
	if c.waiting.empty() || c.waiting.due || c.hub.closed {
		return
	}
	c.waiting.due = true
	c.loop.NextTick(c.deliverWaiting)
}

// deliverWaiting delivers, in one go as Node does, all messages that wait; unlike Node it keeps the
// rest when the last listener goes in the middle. When a handler panics, the rest comes on the next
// tick.
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

// dropWaiting gives up the messages that wait: the channel has ended.
func (c *Channel) dropWaiting() {
	for !c.waiting.empty() {
		c.waiting.pop().expire(false)
	}
}
