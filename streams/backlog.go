package streams

import "github.com/brood-go/brood/internal/fd"

// A Backlog is what the kernel held for a stream at one moment. Its methods must be called on the
// loop goroutine.
type Backlog struct {
	r *Readable
	// the number of bytes that are read when the backlog is: who goes on to write does not put that
	// off
	until int64
}

// Backlog returns what the kernel holds for the stream now.
func (r *Readable) Backlog() Backlog {
	if r.d.fd < 0 {
		return Backlog{r, r.bytes}
	}
	if r.d != &r.own && r.d.isDevice() {
		// What was written to a terminal is on its way for a moment. Linux waits for it in poll(2).
		r.d.hasInput()
	}
	return Backlog{r, r.bytes + int64(fd.Pending(r.d.fd))}
}

// Left reports whether the stream will read some of its backlog, or the end of its data behind
// that, on a coming turn. It reports false for a stream that reads nothing: because it is paused,
// or waits for somebody who is slower.
func (b Backlog) Left() bool {
	return b.r.waits() && (b.r.bytes < b.until || fd.AtEnd(b.r.d.fd))
}

// HeldBack reports whether some of the backlog waits for somebody who is slower than the stream,
// see [Readable.HeldBack].
func (b Backlog) HeldBack() bool { return b.r.HeldBack() && b.r.bytes < b.until }

// Withheld reports whether this program keeps the stream from reading some of the backlog, by Pause
// or because who takes the data is slower: whoever writes may have to wait for that.
func (b Backlog) Withheld() bool {
	r := b.r
	return r.state == readOpen && (r.flow == flowPaused || r.HeldBack()) && r.bytes < b.until
}

// End returns how many bytes the stream has read when it has read its backlog.
func (b Backlog) End() int64 { return b.until }
