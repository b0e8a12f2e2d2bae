package ipc

import "time"

// Serialization is the form of the values of a channel. Both ends must use the same one, because
// the bytes do not tell which it is.
type Serialization int

const (
	// JSON is one JSON text a line, as Node's JSON.stringify writes and its JSON.parse reads it.
	JSON Serialization = iota

	// Advanced is V8's structured clone format, each value behind its length: see package v8 for
	// the Go types.
	Advanced
)

// String returns "json" or "advanced", the values of the environment variable
// NODE_CHANNEL_SERIALIZATION_MODE.
func (s Serialization) String() string {
	if s == Advanced {
		return "advanced"
	}
	return "json"
}

const (
	// DefaultMaxMessage is Options.MaxMessage where that is 0, in bytes.
	DefaultMaxMessage = 256 << 20

	// DefaultMaxQueue is Options.MaxQueue where that is 0, in bytes.
	DefaultMaxQueue = 1 << 30

	// DefaultLinger is Options.Linger where that is 0.
	DefaultLinger = 2 * time.Second
)

// Options configure a [Channel]. A nil *Options means all defaults.
type Options struct {
	// Serialization is the form of the values in both directions. The zero value is JSON.
	Serialization Serialization

	// MaxMessage is the longest message that is accepted from the peer, in bytes as on the wire,
	// without the newline or the length. A longer message is skipped and reported with
	// [ErrMessageTooLong]. 0: DefaultMaxMessage.
	//
	// The values of a message may take much more memory than its bytes: a hostile message in
	// Advanced, which is decoded when it comes, 100 times as much. For a peer that cannot be
	// trusted, set the limit to the longest message that you expect.
	MaxMessage int

	// MaxQueue is the number of queued bytes from which on Send returns [ErrQueueFull], because the
	// peer does not read. It is the last resort behind NeedDrain. A message counts for its bytes
	// and 64 more, and is never refused for its own length. 0: DefaultMaxQueue; negative: no limit.
	MaxQueue int

	// MaxRequests is the number of unanswered requests from which on Request returns
	// [ErrTooManyRequests]. 0: DefaultMaxRequests; negative: no limit.
	MaxRequests int

	// Linger is how long [Channel.Disconnect] waits for the peer to close its end, once everything
	// was sent; the peer's messages are delivered meanwhile. A peer that keeps to the protocol
	// closes when it sees the end, but a Node program sees it only when its JavaScript returns. A
	// peer that disconnects by itself has the same time to read the messages queued for it. 0:
	// DefaultLinger; negative: no limit.
	Linger time.Duration
}

// SendOptions are the options of one message. A nil *SendOptions means all defaults.
type SendOptions struct {
	// Handle is a descriptor to send along: a net.Listener, net.Conn, net.PacketConn, *os.File,
	// *[Handle], [File], [Native] or [Descriptor]. Nil: none.
	Handle any

	// KeepOpen leaves a net.Conn, or the *[Handle] of a connection, open in this process: both
	// processes then use the connection. False: it is closed here when it is sent.
	KeepOpen bool

	// Gather writes the message together with the messages behind it in the same callback and its
	// ticks. That is one call and one wake-up of the peer for many messages, which arrive a little
	// later. The first message is still written at once, and a message without Gather takes the
	// gathered ones before it along.
	Gather bool

	// Done is called once, on a later tick and in the order of the messages: with nil when the
	// kernel has taken the whole message, or with the reason why it never will. If the channel is
	// not connected, Done is called on the next tick, without waiting for queued messages. If Done
	// is nil, a failure goes to Received, and without that to OnError.
	Done func(err error)

	// Received is called once, on a later tick: with nil when the peer has acknowledged the handle,
	// else with the reason why its arrival is not known:
	//
	//   - [ErrChannelClosed]: the channel has closed before, as it does when the peer dies.
	//   - [ErrHandleNotReceived]: the peer says that the handle did not arrive. OnError does not
	//     get it then.
	//   - a *[HandleError] with [ErrHandleUsed]: the message went without a handle.
	//   - the reason why the message could not be sent.
	//
	// With KeepOpen the handle is then still open here and can go to another process. A peer that
	// did not answer may still have received the handle, and died of it.
	Received func(err error)
}
