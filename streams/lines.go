package streams

import (
	"io"
	"iter"
)

// linePiece is the number of bytes that a range over Lines copies from the bridge at a time. A
// larger piece takes the lock less often; one of this size stays in the processor's cache.
const linePiece = 16 << 10

// Lines returns the lines of the stream for a range loop on another goroutine, with backpressure:
// the loop reads ahead up to the high-water mark and leaves further bytes in the kernel. Lines are
// split as for OnLine. A line is valid until the next iteration.
//
// The end of the data ends the range. An error ends it too: behind all lines before the error comes
// a pair of a nil line and the error. It is the one that destroyed the stream, [ErrLineTooLong],
// [ErrUnread], or [ErrClosed] when the stream or its loop was closed. Leaving the range early, by
// break, return or a panic, destroys the stream: its writer gets SIGPIPE or EPIPE.
//
// Lines itself starts the flow, on a coming turn, unless Pause was called. So the range misses no
// data that comes after the call. If no range follows, the bridge fills up and then keeps the loop
// alive. Lines reads through the stream's one bridge, see Reader: a range begins behind the bytes
// that were read before, and two ranges at the same time panic.
//
// Lines is safe to call from any goroutine, also after the stream or its loop has closed. The range
// waits until the loop runs or is closed. It must not be on the loop goroutine: it would wait for
// itself. In a callback of the loop it panics.
func (r *Readable) Lines() iter.Seq2[[]byte, error] {
	b := r.door.ensureBridge(r)
	// Only the loop goroutine may attach the bridge. For a stream that is closed nothing is posted:
	// the loop may never run again.
	if r.door.ask() {
		if err := r.d.loop.Post(r.attach); err != nil {
			b.shut(ErrClosed)
		}
	}
	return b.rangeLines
}

// Lines is [Readable.Lines] of the bridge's stream. Safe to call from any goroutine.
func (b *Reader) Lines() iter.Seq2[[]byte, error] { return b.rangeLines }

// rangeLines is the sequence that Lines returns. It runs on the goroutine of the range.
func (b *Reader) rangeLines(yield func([]byte, error) bool) {
	b.r.d.loop.MustNotWait("streams: range over Lines")
	b.beginRange()
	defer func() { // This also runs when the body of the range panics.
		b.endRange()
		b.destroy(nil) // It does nothing after the end or an error.
	}()
	s := lineRange{b: b, buf: make([]byte, min(linePiece, b.r.hwm)), splitter: b.r.newSplitter()}
	for {
		line, err := s.next()
		if err != nil {
			if err == ErrLineTooLong {
				b.destroy(err)
			}
			if err != io.EOF {
				yield(nil, err)
			}
			return
		}
		if !yield(line, nil) {
			return
		}
	}
}

// beginRange panics if another range is under way.
func (b *Reader) beginRange() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ranged {
		panic("streams: Lines: two ranges at once")
	}
	b.ranged = true
}

func (b *Reader) endRange() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ranged = false
}

// lineRange is the state of one range: it splits the bytes of a bridge into lines. Only the
// goroutine of the range uses it.
type lineRange struct {
	b        *Reader
	buf      []byte // of linePiece bytes at most
	peeked   int    // buf[:peeked] is a copy of bytes that the bridge counts as unread
	rest     []byte // the part of buf[:peeked] that was not split yet
	splitter lineSplitter
}

// next returns a line, which is valid until the next call, or the error behind the last line,
// io.EOF at the end.
func (s *lineRange) next() ([]byte, error) {
	for {
		line, rest, found, err := s.splitter.cut(s.rest)
		s.rest = rest
		if found || err != nil {
			return line, err
		}
		done := s.peeked
		if s.peeked, err = s.b.peek(s.buf, done); err != nil {
			if err == io.EOF {
				if line, found, tooLong := s.splitter.last(); found {
					return line, tooLong
				}
			}
			return nil, err
		}
		s.rest = s.buf[:s.peeked]
	}
}
