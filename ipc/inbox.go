package ipc

// inbound is one thing that has come: an ordinary message, or what is special. It waits in
// Channel.inbox, and one tick is queued for each.
type inbound struct {
	message *Message // nil for an error
	special *special // nil for an ordinary message, and for one that is unread
}

// special is what few messages have.
type special struct {
	cmd string // of an internal message
	fd  int    // that came with it, -1 if none; owned
	err error  // what was wrong with a message
}
