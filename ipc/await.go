package ipc

// Await calls fn once: with the next message that match accepts, or with [ErrChannelClosed] when the channel has ended
// before one came. A nil match accepts every message. It is for answers: each caller waits for its own, in whatever order
// they come.
//
//	id := next()
//	channel.Await(isAnswerTo(id), func(m *ipc.Message, err error) { … })
//	channel.Send(request{ID: id, …})
//
// The message is valid until fn returns. Neither function is called inside Await, nor after cancel, which may be called at
// any time, nor after the loop was closed. Until then the wait counts as a listener of OnMessage and OnDisconnect; messages
// that match refuses go to the other listeners, if there are any, and are gone otherwise. It panics when fn is nil.
func (c *Channel) Await(match func(m *Message) bool, fn func(m *Message, err error)) (cancel func()) {
	if fn == nil {
		panic("ipc: Await: nil callback")
	}
	if c.hub.closed {
		return func() {} // There are no more events.
	}
	if c.over {
		waiting := true
		c.loop.NextTick(func() {
			if waiting {
				fn(nil, ErrChannelClosed)
			}
		})
		return func() { waiting = false }
	}
	waiting := true
	var forget func()
	settle := func(m *Message, err error) {
		if waiting { // Emit still calls a listener that was removed meanwhile.
			forget()
			fn(m, err)
		}
	}
	message := c.OnMessage(func(m *Message) {
		if waiting && (match == nil || match(m)) {
			settle(m, nil)
		}
	})
	// In a tick of its own, so that one fn that panics does not leave the others without their error.
	end := c.OnDisconnect(func() { c.loop.NextTick(func() { settle(nil, ErrChannelClosed) }) })
	forget = func() {
		waiting = false
		message.Off()
		end.Off()
	}
	return forget
}
