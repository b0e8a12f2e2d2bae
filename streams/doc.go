// Package streams has the byte streams of a [reactor.Loop]: [Readable], [Writable] and [Duplex]
// over non-blocking descriptors, with the flow control of Node's streams.
//
// A Readable flows once it has a listener. Each chunk goes to the listeners of OnData, OnText and
// OnLine and to the Writables that the stream is piped to. Pause and Resume stop and start the
// flow. While the stream does not flow, nothing is read, the pipe fills, and its writer waits. A
// Writable accepts every write: it writes as much as the kernel takes at once and queues a copy of
// the rest. NeedDrain and OnDrain say when the caller should wait.
//
// A listener that needs no more data, such as one that reads a header in front of a body, calls Off
// and puts the bytes behind the header back with Unshift. A listener of OnLine need not put
// anything back.
//
// # Events
//
// A Readable emits data (as bytes, text or lines), then end after all data, then close. A Writable
// emits drain, then finish when everything given before End was written, then close. An error is
// emitted at most once, before close; no end or finish follows it. No event is emitted inside the
// call that caused it. Close is the last event, exactly once, in the closing phase of the loop.
//
// # Ownership
//
// A stream takes ownership of its descriptor if its constructor returns no error. Of descriptors 0,
// 1 and 2 it owns a duplicate. A stream neither changes the mode of an open file description that
// other processes may share, nor relies on it. Chunks and lines given to listeners are borrowed:
// all streams of a loop read into one buffer, so a slice is valid until the callback returns.
// Slices given to Write are not retained after the call returns.
//
// # Goroutines
//
// Streams must be made and used on the loop goroutine. The bridges made by [Readable.Reader] and
// [Writable.Writer] are for other goroutines. [Readable.Lines] may be called, and ranged over, on
// other goroutines.
package streams
