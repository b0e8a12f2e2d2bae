package ipc

// splitter cuts the bytes of a channel into frames.
type splitter interface {
	// next looks at p, which is not empty and follows what was given before. It returns the next frame, without its
	// newline or length, and what of p is behind it; or no frame and what is left to look at, which is empty when p was
	// kept for later. An error stands for one frame that was dropped. A frame is part of p or valid until recycle.
	next(p []byte) (frame, rest []byte, err error)

	// partial reports whether the beginning of a frame was kept.
	partial() bool

	// skipping reports whether a frame that was dropped goes on.
	skipping() bool

	// recycle says that no frame is in use any more.
	recycle()
}

// keptMemory is the most memory, in bytes, that an assembler keeps for the next frame.
const keptMemory = 1 << 20

// smallFrame is the least memory, in bytes, that an assembler begins with, so that bytes that come one by one are not
// copied each time.
const smallFrame = 512

// assembler puts together a frame that comes in pieces. Its memory grows with what has come, never with what was
// announced.
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

func (a *assembler) recycle() {
	if a.lent != nil && cap(a.lent) <= keptMemory {
		a.spare = a.lent[:0]
	}
	a.lent = nil
}
