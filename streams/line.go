package streams

import (
	"bytes"
	"slices"

	"github.com/brood-go/brood/reactor"
)

// newSplitter returns a splitter for a range over Lines. Safe to call from any goroutine: it reads
// only fields that never change.
func (r *Readable) newSplitter() lineSplitter {
	return lineSplitter{end: r.splitter.end, limit: r.splitter.limit}
}

// splitLines emits the lines of chunk on the loop goroutine. It stops if a listener pauses or
// destroys the stream, puts bytes back, or is the last to go. The rest of chunk then goes ahead of
// newly read bytes, for those of the consumers to that are there when it is delivered.
func (r *Readable) splitLines(chunk []byte, to consumers) {
	before := 0
	defer func() {
		// This also runs when a listener has panicked: the lines behind its own are still to come.
		if len(chunk) > 0 && r.live() {
			put := len(r.ahead) - before // Bytes that the listener has put back come first.
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

// flushLine emits the bytes behind the last end as a line.
func (r *Readable) flushLine() {
	line, found, err := r.splitter.last()
	switch {
	case err != nil:
		r.Destroy(err)
	case found:
		reactor.Emit(r.d.loop, &r.line, line)
	}
}
