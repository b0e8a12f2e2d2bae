package ipc

// inbound is one entry of Channel.inbox: an ordinary message, an internal one, or an error of the
// input. takeInbound is queued once for each.
type inbound struct {
	message *Message // nil for an error
	special *special // nil for an ordinary message, and for one that is not checked yet
}

// special has the fields that few entries need.
type special struct {
	cmd string // of an internal message; "" with err
	fd  int    // the descriptor that came with it, owned; -1 if none
	err error  // for OnError; nil for a message
}
