package ipc

// A Native is the number of a descriptor to send as it is, for protocols that say what to do with it in their messages:
// the peer is told "net.Native" for a stream socket, connected or listening, and for a pipe, and "dgram.Native" for a UDP
// socket. A Node program gets it without a net.Socket or net.Server around it. Given as SendOptions.Handle it is borrowed,
// whatever KeepOpen says: the channel sends a duplicate.
//
// An *os.File goes in the same way. But for one that is in non-blocking mode, as those of a loop are, os.NewFile has Go's
// poller watch it too, and whatever happens there wakes the program twice.
type Native int
