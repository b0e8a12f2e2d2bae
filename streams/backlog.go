package streams

import "github.com/brood-go/brood/internal/fd"

// A Backlog is the number of bytes that the kernel held for a stream at one moment. Its methods
// must be called on the loop goroutine.
type Backlog struct {
	r *Readable

	// until is what BytesRead will be once the backlog is read. Bytes that come later do not count.
	until int64
}

// Backlog returns the present backlog of the stream, which is empty once the descriptor is closed.
func (r *Readable) Backlog() Backlog {
	if r.d.fd < 0 {
		return Backlog{r, r.bytes}
	}
	if r.d != &r.own && r.d.isDevice() {
		// Bytes written to a terminal take a moment to arrive. Linux waits for them in poll(2).
		r.d.hasInput()
	}
	return Backlog{r, r.bytes + int64(fd.Pending(r.d.fd))}
}

// Left reports whether the stream will read some of its backlog, or the end of its data behind it,
// on a coming turn. It reports false while the stream does not read, because it is paused or waits
// for a slower consumer.
func (b Backlog) Left() bool {
	return b.r.waits() && (b.r.bytes < b.until || fd.AtEnd(b.r.d.fd))
}

// HeldBack reports whether some of the backlog waits for a slower consumer, see
// [Readable.HeldBack].
func (b Backlog) HeldBack() bool { return b.r.HeldBack() && b.r.bytes < b.until }

// Withheld reports whether this program keeps the stream from reading some of the backlog, by Pause
// or by a slower consumer: the writer may have to wait for that.
func (b Backlog) Withheld() bool {
	r := b.r
	return r.state == readOpen && (r.flow == flowPaused || r.HeldBack()) && r.bytes < b.until
}

// End returns what BytesRead will be once the stream has read its backlog.
func (b Backlog) End() int64 { return b.until }
