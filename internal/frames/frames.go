// Package frames cuts the bytes of a stream into frames: lines, or bytes behind their length.
package frames

import "errors"

// ErrTooLong is the error of [Splitter.Next] for a frame that was longer than allowed and dropped.
var ErrTooLong = errors.New("message too long")

// A Splitter cuts bytes into frames. It keeps the beginning of a frame that is not complete, so the
// bytes may come in any pieces. Call Next until nothing is left of a piece.
//
// A Splitter's methods must not be called on several goroutines at once.
type Splitter interface {
	// Next cuts p, the bytes behind those of the call before. It returns the next frame, without
	// its newline or length, and the rest of p behind it; or a nil frame and the rest of p that is
	// still to be cut, empty if p was kept for later. The error is [ErrTooLong] for a dropped
	// frame; frame is then the beginning of it, as far as it is known. A frame is a part of p, or
	// valid until Recycle.
	//
	// Preconditions:
	//
	//   - p is not empty.
	Next(p []byte) (frame, rest []byte, err error)

	// Partial reports whether the Splitter keeps the beginning of a frame.
	Partial() bool

	// Skipping reports whether the next bytes belong to a dropped frame.
	Skipping() bool

	// Recycle takes the memory of returned frames back. The caller must not use them any more.
	Recycle()

	// Kept returns the bytes of the next frame that the Splitter keeps.
	Kept() []byte
}

// KeptMemory is the largest memory, in bytes, that a Splitter keeps for a later frame.
const KeptMemory = 1 << 20

// smallFrame is the least memory, in bytes, of an assembler: bytes that come one by one must not be
// copied each time.
const smallFrame = 512

// assembler joins the pieces of a frame. Its memory grows with the bytes that have come, never with
// an announced length. It is the part that both Splitters share.
type assembler struct {
	buf   []byte // the pieces of the next frame
	lent  []byte // the last frame of take, until Recycle; nil otherwise
	spare []byte // empty, for the frame after buf; nil: none
}

// add copies p to the pieces. The frame will have at most limit bytes.
func (a *assembler) add(p []byte, limit int) {
	if need := len(a.buf) + len(p); need > cap(a.buf) {
		grown := make([]byte, len(a.buf), max(need, min(2*cap(a.buf), limit), min(smallFrame, limit)))
		copy(grown, a.buf)
		a.buf = grown
	}
	a.buf = append(a.buf, p...)
}

// take returns the joined pieces and begins the next frame.
func (a *assembler) take() []byte {
	frame := a.buf
	a.buf, a.spare = a.spare, nil
	a.lent = frame
	return frame
}

func (a *assembler) drop() { a.buf = nil }

// Kept is Splitter.Kept.
func (a *assembler) Kept() []byte { return a.buf }

// Recycle is Splitter.Recycle.
func (a *assembler) Recycle() {
	if a.lent != nil && cap(a.lent) <= KeptMemory {
		a.spare = a.lent[:0]
	}
	a.lent = nil
}
