package ipc

import "time"

// Serialization is how values become bytes. Both ends of a channel must use the same; nothing on
// the wire tells.
type Serialization int

const (
	// JSON is one JSON text a line: what Node's JSON.stringify writes and its JSON.parse reads.
	JSON Serialization = iota

	// Advanced is V8's structured clone format, each value behind its length: see package v8 for
	// the Go types.
	Advanced
)

// String returns "json" or "advanced", as the environment variable NODE_CHANNEL_SERIALIZATION_MODE
// has it.
func (s Serialization) String() string {
	if s == Advanced {
		return "advanced"
	}
	return "json"
}

const (
	// DefaultMaxMessage is the longest message, in bytes, that a channel accepts by default.
	DefaultMaxMessage = 256 << 20

	// DefaultMaxQueue is the number of queued bytes past which Send refuses by default.
	DefaultMaxQueue = 1 << 30

	// DefaultLinger is how long Disconnect waits for the peer to close its end by default.
	DefaultLinger = 2 * time.Second
)

// Options configure a [Channel]. A nil *Options means all defaults.
type Options struct {
	// Serialization is that of both directions. The zero value is JSON.
	Serialization Serialization

	// MaxMessage is the longest message that is accepted from the peer, in bytes as on the wire,
	// without the newline or the length. A longer one is skipped and reported with
	// [ErrMessageTooLong]. 0: DefaultMaxMessage.
	//
	// The values of a message may take much more memory than its bytes: a hostile one with
	// Advanced, where it is decoded when it comes, 100 times as much. For a peer that cannot be
	// trusted the limit should be what is really needed.
	MaxMessage int

	// MaxQueue is the number of bytes, queued for a peer that does not read, from which on Send
	// returns [ErrQueueFull]. It is the last resort behind NeedDrain, and a message is never
	// refused for its own length. Each message counts for 64 bytes more than it has. 0:
	// DefaultMaxQueue; negative: no limit.
	MaxQueue int

	// MaxRequests is the number of requests without an answer from which on Request returns
	// [ErrTooManyRequests]. 0: DefaultMaxRequests; negative: no limit.
	MaxRequests int

	// Linger is how long [Channel.Disconnect] waits, once everything was sent, for the peer to
	// close its end, and delivers what it still sends. Peers that keep to the protocol close at
	// once when they see the end, but a Node program sees it only when its JavaScript returns. A
	// peer that has disconnected by itself gets as long to read what is queued for it. 0:
	// DefaultLinger; negative: no limit.
	Linger time.Duration
}

// SendOptions are what goes with one message. A nil *SendOptions means all defaults.
type SendOptions struct {
	// Handle is a descriptor to send along: a net.Listener, net.Conn, net.PacketConn, *os.File,
	// *[Handle], [File], [Native] or [Descriptor]. Nil: none.
	Handle any

	// KeepOpen leaves a net.Conn given as Handle open here too: both processes use the connection.
	KeepOpen bool

	// Gather has the message written together with those that follow in the same callback and the
	// ticks behind it: one call and one wake-up of the peer for many messages, which are a little
	// later there. The first one is written at once all the same, and a message without Gather
	// takes those before it along.
	Gather bool

	// Done is called once, on a later tick and in the order of the messages, with nil when the
	// kernel has taken all of the message, or with the reason why it never will. That the channel
	// is not connected it is told on the next tick, whatever is still queued. Nil: such a reason
	// goes to Received, and without that to OnError.
	Done func(err error)

	// Received is called once, on a later tick, with nil when the peer has said that it has
	// received the handle, or with the reason why it is not known to have: [ErrChannelClosed] when
	// the channel has ended before, as it does when the peer dies; [ErrHandleNotReceived] when the
	// peer has said that the handle did not arrive, which OnError is not told then; why the message
	// could not be sent; a *[HandleError] with [ErrHandleUsed] when the message has gone without
	// one. With KeepOpen the handle is still here then, and can go to somebody else. A peer that
	// was not heard of may have received it all the same, and died of it.
	Received func(err error)
}
