package ipc

// Pause stops reading: messages, and the end of the channel, wait with the peer until Resume. A message that was read before
// may still come. Sending goes on. Pausing a paused channel does nothing.
func (c *Channel) Pause() {
	c.paused = true
	c.update()
}

// Resume undoes Pause.
func (c *Channel) Resume() {
	c.paused = false
	c.update()
}
