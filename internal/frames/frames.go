// Package frames cuts the bytes of a stream into frames: lines, or what has its length in front.
package frames

import "errors"

// ErrTooLong stands for a frame that was longer than allowed, and dropped.
var ErrTooLong = errors.New("message too long")

// A Splitter cuts bytes into frames.
type Splitter interface {
	// Next looks at p, which is not empty and follows what was given before. It returns the next
	// frame, without its newline or length, and what of p is behind it; or no frame and what is
	// left to look at, which is empty when p was kept for later. [ErrTooLong] stands for one frame
	// that was dropped; then frame is how it begins, as far as that is known. A frame is part of p
	// or valid until Recycle.
	Next(p []byte) (frame, rest []byte, err error)

	// Partial reports whether the beginning of a frame was kept.
	Partial() bool

	// Skipping reports whether a frame that was dropped goes on.
	Skipping() bool

	// Recycle says that no frame is in use any more.
	Recycle()

	// Kept returns what has come of the next frame.
	Kept() []byte
}

// KeptMemory is the most memory, in bytes, that is kept for the next frame.
const KeptMemory = 1 << 20

// smallFrame is the least memory, in bytes, that an assembler begins with, so that bytes that come
// one by one are not copied each time.
const smallFrame = 512

// assembler puts together a frame that comes in pieces. Its memory grows with what has come, never
// with what was announced.
type assembler struct {
	buf   []byte // the pieces so far
	lent  []byte // the frame that take returned last, until it is recycled
	spare []byte // memory to use next
}

// add keeps p. The frame will have at most limit bytes.
func (a *assembler) add(p []byte, limit int) {
	if need := len(a.buf) + len(p); need > cap(a.buf) {
		grown := make([]byte, len(a.buf), max(need, min(2*cap(a.buf), limit), min(smallFrame, limit)))
		copy(grown, a.buf)
		a.buf = grown
	}
	a.buf = append(a.buf, p...)
}

// take returns what add has kept, and begins anew.
func (a *assembler) take() []byte {
	frame := a.buf
	a.buf, a.spare = a.spare, nil
	a.lent = frame
	return frame
}

func (a *assembler) drop() { a.buf = nil }

// Kept is that of a Splitter.
func (a *assembler) Kept() []byte { return a.buf }

// Recycle is that of a Splitter.
func (a *assembler) Recycle() {
	if a.lent != nil && cap(a.lent) <= KeptMemory {
		a.spare = a.lent[:0]
	}
	a.lent = nil
}
