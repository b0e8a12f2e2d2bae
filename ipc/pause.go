package ipc

// Pause stops reading: further messages, and the end of the stream, wait with the peer until
// Resume. A message that was read before may still come. Sending goes on. Pausing a paused channel
// does nothing.
func (c *Channel) Pause() {
	c.paused = true
	c.update()
}

// Resume undoes Pause.
func (c *Channel) Resume() {
	c.paused = false
	c.update()
}

// Hold keeps the channel from reading until Release, regardless of Pause and Resume. Use it in code
// that makes a channel for a user, such as that of a child that is still being started. Holds are
// counted.
func (c *Channel) Hold() {
	c.holds++
	c.update()
}

// Release undoes one Hold.
//
// Preconditions:
//
//   - There is a Hold that was not undone.
func (c *Channel) Release() {
	c.holds--
	c.update()
}
