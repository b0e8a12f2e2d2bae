// Package ipc exchanges messages and handles with another process over a stream socketpair(2), as
// Node's child_process does: the same bytes, so that either process may be a Node program.
//
// A [Channel] is one end. A parent makes it with [New], or package childprocess does that for it; a
// child finds its own with [Parent]. [Channel.Send] queues a value, [Channel.OnMessage] gets a
// [Message]. [Channel.Disconnect], or the end of one of the processes, ends the channel for both.
//
// # Frames
//
// With [JSON] a message is one line: JSON text and a newline. With [Advanced] it is a payload of
// V8's structured clone format, see package v8, behind its length: four bytes, unsigned,
// big-endian. Nothing on the wire tells which of the two it is.
//
// A message that makes no sense is dropped and reported to OnError as a *[MessageError]; those
// before and behind it arrive. One longer than Options.MaxMessage is skipped up to the next
// newline, or by its length, and reported too. Only a wrong length loses the framing itself: what
// follows is then cut at the wrong places until, by chance, it fits again. What is left of a
// message when the peer goes is dropped in silence.
//
// Objects whose member cmd is a string that begins with "NODE_" and goes on are Node's own. They
// never reach OnMessage, but [Channel.OnInternal].
//
// # Receiving
//
// Messages are delivered in order, each in a tick of its own: a handler that panics takes no other
// message with it. What a handler queues with NextTick runs behind the messages of the same read,
// as in Node.
//
// To find out whether a message is well formed takes as long as to read it. So a channel whose
// handlers decode one message after the other into variables of the same type reads the next one so
// before it delivers it, and Decode has no more to do.
//
// Messages that come while nobody listens wait for the first listener of OnMessage. When about 16
// MiB wait, or 64 handles, the channel reads no more, and the peer is held up like by any slow
// reader. What waits is dropped when the channel ends, as in Node.
//
// # Sending
//
// The first 64 messages of a turn of the loop are each given to the kernel at once: a program may
// send them and exit. Those that follow are gathered, and written together when 64 KiB have come
// together, at the end of the callback and its ticks, or, where each callback sends a few, at the
// end of the turn: so do functions that other goroutines have posted. Of such a burst those of the
// next turn are gathered from the first on, until a turn has none. Channel.Flush writes at once,
// for a program that exits there. What the kernel does not take is queued without blocking;
// NeedDrain and OnDrain tell the sender to wait, Options.MaxQueue is where Send refuses.
//
// # Requests
//
// [Channel.Request] sends a message and waits for the peer's answer to it, in any order and without
// the listeners of OnMessage. Node has no such thing; its documentation shows the one line that a
// Node worker needs.
//
// # Handles
//
// A handle is a descriptor that goes with a message (SCM_RIGHTS, unix(7)): SendOptions.Handle takes
// a listener, a connection, a UDP socket, a file or a [Native], and [Message.Handle] gives a
// [Handle], which becomes one again. A listener or UDP socket is then shared, a connection is the
// receiver's alone. A [Server] is a listener that counts the connections it has accepted wherever
// they live, and closes when the last one is gone.
//
// The receiver acknowledges a handle, and until then everything behind it is held, so one is on its
// way in each direction at a time. When the receiver says that the descriptor is missing, a
// connection is sent again, up to three times; other kinds are lost with their message, as in Node.
// What is lost so is told to OnError by [ErrHandleNotReceived]. SendOptions.Received tells when the
// peer has a handle: with KeepOpen a connection can go to another process when the one it was sent
// to dies.
//
// Every received descriptor is close-on-exec. Those that belong to no message, and those of
// messages that are dropped, are closed; of the latter the sender is told that they did not arrive.
// When the system has room for only some of the descriptors that come together (EMFILE), all of
// them are closed, OnError gets [ErrHandlesTruncated], the sender is told too, and the channel goes
// on.
//
// # The end
//
// OnDisconnect comes once, behind every message that was read and every SendOptions.Done. After
// Disconnect, what was queued before is still sent, then the peer is told that nothing more comes,
// and what it has sent is read to its end, for at most Options.Linger. When the peer closes its
// end, or half of it, what it sent before is still delivered; what was queued for it is still sent
// if it reads, and fails with [ErrChannelClosed] otherwise.
//
// A message that the system refuses to send is lost alone: its Done gets the reason, and the
// channel goes on. What can pass, as a lack of memory or too many descriptors on their way between
// processes, is tried again for a moment.
//
// # Differences from Node
//
// Disconnect does not cut off what is queued, on either side, nor does it hang on half a message; a
// channel in the parent is never unref'd by a send; a listener that goes while waiting messages are
// delivered leaves the rest waiting; the end of a peer during Disconnect is no error; a repeated
// handle is not wrapped once more; malformed input is an error event and not fatal.
//
// # Goroutines
//
// A channel is used on the loop goroutine only.
//
// A program that may use one processor only, by its affinity or by a limit of its cgroup, starts
// with GOMAXPROCS at 1. Then Go's runtime takes that one away from a loop that sleeps, after some
// ten microseconds each time, and the loop has to get it back when a message comes. Who passes
// small messages to and fro there sets GOMAXPROCS to 2: with both processes on one processor a
// round trip of 32 B then takes 15 % less processor time, and less than half of the calls of
// futex(2).
package ipc
