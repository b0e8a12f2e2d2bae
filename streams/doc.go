// Package streams has the byte streams of a [reactor.Loop]: [Readable], [Writable] and [Duplex]
// over non-blocking descriptors, with the flow control of Node's streams.
//
// A Readable flows once somebody listens: each chunk goes to OnData, OnText and OnLine listeners
// and to the Writables it is piped to. Pause and Resume stop and start it; while it does not flow,
// nothing is read, the pipe fills, and the writer on the other side waits. A Writable takes
// everything it is given: it writes what the kernel takes at once, keeps the rest, and says by
// NeedDrain and OnDrain when the giver should wait.
//
// A listener that has had enough, such as one of a header in front of a body, calls Off and puts
// back by Unshift what was not for it; of OnLine nothing needs to be put back.
//
// # Events
//
// A Readable has data (as bytes, text or lines), then end when everything was delivered, then
// close. A Writable has drain, then finish when everything given before End was written, then
// close. An error comes before close and at most once; there is no end or finish after it. No event
// comes inside the call that caused it. Close is the last event, exactly once, in the closing phase
// of the loop.
//
// # Ownership
//
// A stream takes ownership of its descriptor once its constructor has returned no error; of
// descriptors 0, 1 and 2 it has a duplicate. What others have too stays as it is: its mode is not
// changed, and not relied on. Chunks and lines given to listeners are borrowed: all streams of a
// loop read into one buffer, so a slice is valid until the callback returns. Slices given to Write
// are not kept.
//
// # Goroutines
//
// A stream's methods must be called on the loop goroutine. The bridges made by [Readable.Reader]
// and [Writable.Writer] are for other goroutines, and so is [Readable.Lines], which may also be
// called there.
package streams
