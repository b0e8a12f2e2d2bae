package streams

import (
	"bytes"
	"slices"

	"github.com/brood-go/brood/reactor"
)

// newSplitter returns one for another goroutine's range over Lines.
func (r *Readable) newSplitter() lineSplitter {
	return lineSplitter{end: r.splitter.end, limit: r.splitter.limit}
}

// splitLines emits the lines of chunk. It stops when a listener pauses or destroys the stream, puts
// something back, or is the last to go. Then the rest, for those of the consumers to who are there
// when it is delivered, goes ahead of what is newly read.
func (r *Readable) splitLines(chunk []byte, to consumers) {
	before := 0
	defer func() {
		// Also when a listener has panicked: the lines behind its own are still to come.
		if len(chunk) > 0 && r.live() {
			put := len(r.ahead) - before // What the listener has put back comes first.
			r.ahead = slices.Insert(r.ahead, put, segment{bytes.Clone(chunk), to})
			r.d.update()
		}
	}()
	for len(chunk) > 0 {
		if !r.splitter.begun() {
			r.linesTo = toAll
		}
		var line []byte
		var found bool
		var err error
		if n := r.splitter.fastIndex(chunk); n >= 0 {
			line, chunk, found = r.splitter.withoutCR(chunk[:n]), chunk[n+1:], true
			err = r.splitter.fits(line)
		} else {
			line, chunk, found, err = r.splitter.cut(chunk)
		}
		if err != nil {
			r.Destroy(err)
			return
		}
		if !found {
			r.linesTo &= to
			return
		}
		before = len(r.ahead)
		reactor.Emit(r.d.loop, &r.line, line)
		if !r.live() || r.flow != flowOn || r.line.Len() == 0 || len(r.ahead) != before {
			return
		}
	}
}

// flushLine emits what follows the last newline.
func (r *Readable) flushLine() {
	line, found, err := r.splitter.last()
	switch {
	case err != nil:
		r.Destroy(err)
	case found:
		reactor.Emit(r.d.loop, &r.line, line)
	}
}
