// Package frames cuts the bytes of a stream into frames: lines, or byte strings with their length
// in front.
package frames

import "errors"

// ErrTooLong stands for a frame that was dropped because it was longer than allowed.
var ErrTooLong = errors.New("message too long")

// A Splitter cuts bytes into frames. Its methods must not be called on several goroutines at once.
type Splitter interface {
	// Next looks at p, which follows the bytes given before. It returns the next frame, without its
	// newline or length, and the bytes of p after it. Without a whole frame it returns a nil frame
	// and the bytes that are still to look at; rest is empty if p was kept for later. [ErrTooLong]
	// stands for one dropped frame; frame is then its beginning, as far as that is known. A frame
	// is a part of p, or valid until Recycle.
	//
	// Preconditions:
	//
	//   - p is not empty.
	Next(p []byte) (frame, rest []byte, err error)

	// Partial reports whether the beginning of a frame was kept.
	Partial() bool

	// Skipping reports whether the next bytes belong to a dropped frame.
	Skipping() bool

	// Recycle says that the caller uses no frame any more.
	Recycle()

	// Kept returns the kept bytes of the next frame. They are valid until Next.
	Kept() []byte
}

// KeptMemory bounds the memory, in bytes, that is kept for the next frame.
const KeptMemory = 1 << 20

// smallFrame is the least memory, in bytes, that an assembler begins with, so that bytes that come
// one by one are not copied each time.
const smallFrame = 512

// assembler puts together a frame that comes in pieces. Its memory grows with the bytes that have
// come, never with an announced length.
type assembler struct {
	buf   []byte // pieces of the next frame so far; empty: none
	lent  []byte // frame that take returned last; nil once it is recycled
	spare []byte // memory for the frame after the next; nil: none
}

// add keeps p. The whole frame must have at most limit bytes.
func (a *assembler) add(p []byte, limit int) {
	if need := len(a.buf) + len(p); need > cap(a.buf) {
		grown := make([]byte, len(a.buf), max(need, min(2*cap(a.buf), limit), min(smallFrame, limit)))
		copy(grown, a.buf)
		a.buf = grown
	}
	a.buf = append(a.buf, p...)
}

// take returns the kept frame and begins a new one.
func (a *assembler) take() []byte {
	frame := a.buf
	a.buf, a.spare = a.spare, nil
	a.lent = frame
	return frame
}

func (a *assembler) drop() { a.buf = nil }

// Kept implements Splitter.
func (a *assembler) Kept() []byte { return a.buf }

// Recycle implements Splitter.
func (a *assembler) Recycle() {
	if a.lent != nil && cap(a.lent) <= KeptMemory {
		a.spare = a.lent[:0]
	}
	a.lent = nil
}
