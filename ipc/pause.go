package ipc

// Pause stops reading: messages, and the end of the channel, wait with the peer until Resume. A
// message that was read before may still come. Sending goes on. Pausing a paused channel does
// nothing.
func (c *Channel) Pause() {
	c.paused = true
	c.update()
}

// Resume undoes Pause.
func (c *Channel) Resume() {
	c.paused = false
	c.update()
}

// Hold keeps the channel from reading until Release, whatever Pause and Resume say meanwhile. It is
// for whoever makes a channel for others, such as that of a child that is still being started.
// Holds are counted.
func (c *Channel) Hold() {
	c.holds++
	c.update()
}

// Release undoes one Hold.
func (c *Channel) Release() {
	c.holds--
	c.update()
}
