package streams

import (
	"io"
	"iter"
)

// linePiece is how many bytes a range over Lines takes from the bridge at a time: each time costs a
// lock, and a copy of a piece stays in the cache.
const linePiece = 16 << 10

// Lines returns the lines of the stream for a range loop on another goroutine, with backpressure:
// the loop reads ahead up to the high-water mark and then leaves the rest in the kernel. What a
// line is, OnLine says; it is valid until the next iteration.
//
// The end of the data ends the range. An error ends it too, after what came before it: the last
// pair is then a nil line and the error, which is the one that destroyed the stream,
// [ErrLineTooLong], [ErrUnread], or [ErrClosed] when the stream or its loop was closed. A break, or
// whatever else leaves the range before its end, destroys the stream: its writer gets SIGPIPE or
// EPIPE. Nothing is left behind.
//
// Lines starts the flow when it is called, on a coming turn, not when the range begins: no data
// that comes after the call is missed, and a sequence that nobody ranges over fills up and then
// holds the loop. It reads through the stream's one bridge, see Reader: ranging again goes on where
// the bridge is, and two ranges at once panic.
//
// Lines is safe to call from any goroutine, also after the stream or its loop has closed. The range
// waits for the loop to run or to be closed. It must not be on the loop goroutine: it would wait
// for itself. In a callback of the loop it panics.
func (r *Readable) Lines() iter.Seq2[[]byte, error] {
	b := r.door.makeBridge(r)
	// Only the loop may attach the bridge. What is closed already asks nothing of a loop that may
	// never run again.
	if r.door.ask() {
		if err := r.d.loop.Post(r.attach); err != nil {
			b.shut(ErrClosed)
		}
	}
	return b.rangeLines
}

// Lines returns the lines of the stream as [Readable.Lines] does, to whoever has the bridge.
func (b *Reader) Lines() iter.Seq2[[]byte, error] { return b.rangeLines }

// rangeLines is the sequence. It runs on the goroutine of the range.
func (b *Reader) rangeLines(yield func([]byte, error) bool) {
	b.r.d.loop.MustNotWait("streams: range over Lines")
	b.beginRange()
	defer func() { // Also when the body of the range panics.
		b.endRange()
		b.destroy(nil) // After the end, or an error, it finds nothing to do.
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

// lineRange splits what a bridge has into lines. It belongs to the goroutine of the range.
type lineRange struct {
	b        *Reader
	buf      []byte
	peeked   int    // buf[:peeked] was peeked
	rest     []byte // the part of the piece that was not given out
	splitter lineSplitter
}

// next returns a line, which is valid until the next call, or what follows the last one.
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
