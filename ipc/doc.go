// Package ipc exchanges messages and handles with another process over a stream socketpair(2), as
// Node's child_process does: it uses the same bytes, so either process may be a Node program.
//
// A [Channel] is one end. A parent makes it with [New], or package childprocess does that for it; a
// child finds its own with [Parent]. [Channel.Send] queues a value, and [Channel.OnMessage] calls a
// function with each [Message]. [Channel.Disconnect], or the exit of one of the processes, closes
// the channel for both.
//
// # Frames
//
// With [JSON] a message is one line: JSON text and a newline. With [Advanced] it is a payload of
// V8's structured clone format, see package v8, behind its length: four bytes, unsigned,
// big-endian. The bytes do not tell which of the two is in use.
//
// A malformed message is dropped and reported to OnError as a *[MessageError]; the messages before
// and behind it arrive. A message longer than Options.MaxMessage is skipped, up to the next newline
// or by its length, and reported too. Only a wrong length breaks the framing: the bytes behind it
// are cut at the wrong places until they fit again by chance. When the peer goes, an unfinished
// message is dropped without a report.
//
// An object whose member cmd is a string that begins with "NODE_" and is longer is one of Node's
// internal messages. It goes to [Channel.OnInternal], never to OnMessage.
//
// # Receiving
//
// Messages are delivered in order, each in a tick of its own, so a handler that panics costs no
// other message. A function that a handler queues with NextTick runs behind the messages of the
// same read, as in Node.
//
// Checking whether a message is well formed takes as long as decoding it. If a channel's handlers
// decode one message after the other into variables of the same type, the channel decodes the next
// message that way before it delivers it, and Decode has no more to do.
//
// A message that comes while OnMessage has no listener waits for the first one. When about 16 MiB
// wait, or 64 handles, the channel stops reading, and the peer is held up as by any slow reader.
// The waiting messages are dropped when the channel closes, as in Node.
//
// # Sending
//
// The first 64 messages of a turn of the loop are each given to the kernel at once: a program may
// send them and exit. Later messages of the turn are gathered. They are written together when they
// have 64 KiB, and at the end of the callback and its ticks; if each callback sends only a few, as
// functions posted by other goroutines do, at the end of the turn. While such a burst lasts, the
// messages of the next turns are gathered from the first one on; it ends with a turn that sends
// none. Channel.Flush writes gathered messages at once, for a program that exits then. Bytes that
// the kernel does not take are queued without blocking. NeedDrain and OnDrain tell the sender to
// wait; from Options.MaxQueue on Send refuses.
//
// # Requests
//
// [Channel.Request] sends a message and waits for the peer's answer to it. Answers may come in any
// order, and do not reach the listeners of OnMessage. Node has no such call; the documentation of
// Request shows the one line that a Node program needs.
//
// # Handles
//
// A handle is a descriptor that goes with a message (SCM_RIGHTS, unix(7)). SendOptions.Handle takes
// a listener, a connection, a UDP socket, a file or a [Native]; at the other end [Message.Handle]
// returns a [Handle], which becomes such an object again. Both processes then share a listener or
// UDP socket, but a connection belongs to the receiver alone. A [Server] is a listener that counts
// the connections it has accepted, in this process and in others; its close event comes when the
// last one is closed.
//
// The receiver acknowledges a handle. Until then the sender queues all other messages, so each
// direction has one handle on its way at a time. If the receiver reports that the descriptor is
// missing, a connection is sent again, up to three times; a handle of another kind is lost with its
// message, as in Node. OnError gets [ErrHandleNotReceived] for a lost handle. SendOptions.Received
// is called when the peer has a handle: with KeepOpen, a connection can go to another process if
// the first one dies.
//
// Every received descriptor is close-on-exec. A descriptor that belongs to no message, or to a
// dropped one, is closed; for a dropped message the sender gets a NACK. If the system has room for
// only some of the descriptors that come together (EMFILE), all of them are closed, OnError gets
// [ErrHandlesTruncated], the sender gets a NACK, and the channel goes on.
//
// # Closing
//
// OnDisconnect comes once, behind every message that was read and every SendOptions.Done.
// Disconnect first sends the queued messages, then tells the peer that nothing more comes, then
// reads to the end of the peer's messages, for at most Options.Linger. If the peer closes its end,
// or half of it, its earlier messages are still delivered. Messages queued for it are still sent if
// it reads, and fail with [ErrChannelClosed] otherwise.
//
// If the system refuses to send a message, only that message is lost: its Done gets the reason, and
// the channel goes on. If the reason can pass, such as a lack of memory or too many descriptors on
// their way between processes, the message is tried again for a moment.
//
// # Differences from Node
//
// Disconnect does not drop queued messages, on either side, nor does it hang on half a message. A
// send never unrefs the parent's channel. If the last listener is removed while waiting messages
// are delivered, the rest keep waiting. The end of the peer during Disconnect is no error. A handle
// that is sent again is not wrapped once more. Malformed input is an error event and not fatal.
//
// # Goroutines
//
// A Channel's methods must be called on the loop goroutine.
//
// If a program may use only one processor, by its affinity or by a limit of its cgroup, it starts
// with GOMAXPROCS at 1. Go's runtime then takes the processor from a sleeping loop after some ten
// microseconds, and the loop has to get it back for each message. Set GOMAXPROCS to 2 in a program
// that passes small messages to and fro: with both processes on one processor a round trip of 32 B
// then takes 15 % less processor time, and less than half of the calls of futex(2).
package ipc
