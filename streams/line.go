package streams

import (
	"bytes"

	"github.com/brood-go/brood/reactor"
)

// lineSplitter is the state of OnLine between two chunks.
type lineSplitter struct {
	partial []byte // the beginning of a line whose newline has not come
	rest    []byte // what follows the line in whose callback the stream was paused
}

func (s *lineSplitter) held() bool { return len(s.rest) > 0 }

// drop forgets a line whose rest nobody will hear.
func (s *lineSplitter) drop() { *s = lineSplitter{} }

// splitLines emits the lines of chunk. It stops when a listener pauses or destroys the stream, and keeps the rest; owned
// says that chunk may be kept as it is.
func (r *Readable) splitLines(chunk []byte, owned bool) {
	s := &r.lines
	defer func() {
		if chunk != nil { // A listener has panicked: the lines behind its own are still to come.
			s.rest = bytes.Clone(chunk)
			r.d.loop.NextTick(r.continueLines)
		}
	}()
	for len(chunk) > 0 {
		i := bytes.IndexByte(chunk, '\n')
		if i < 0 {
			s.partial = append(s.partial, chunk...)
			chunk = nil
			r.lineFits(withoutCR(s.partial)) // A '\r' at its end may belong to a newline that is still to come.
			return
		}
		line := chunk[:i]
		chunk = chunk[i+1:]
		if len(s.partial) > 0 {
			line = append(s.partial, line...)
			s.partial = line[:0]
		}
		if line = withoutCR(line); !r.lineFits(line) {
			chunk = nil
			return
		}
		reactor.Emit(r.d.loop, &r.line, line)
		if r.state == readDestroyed {
			chunk = nil
			return
		}
		if r.flow != flowOn && len(chunk) > 0 {
			s.rest = chunk
			if !owned {
				s.rest = bytes.Clone(chunk)
			}
			chunk = nil
			r.d.update()
			return
		}
	}
	chunk = nil
}

// lineFits destroys the stream when a line is over the limit.
func (r *Readable) lineFits(line []byte) bool {
	if r.fits(line) {
		return true
	}
	r.Destroy(ErrLineTooLong)
	return false
}

// fits reports whether line is within the limit. It is safe to call from any goroutine.
func (r *Readable) fits(line []byte) bool { return r.maxLine < 0 || len(line) <= r.maxLine }

// continueLines goes on after Resume.
func (r *Readable) continueLines() {
	if r.flow != flowOn {
		return
	}
	if rest := r.lines.rest; len(rest) > 0 {
		r.lines.rest = nil
		r.splitLines(rest, true)
	}
	if r.lines.held() || r.flow != flowOn {
		return
	}
	if r.state == readEnding {
		r.emitEnd()
		return
	}
	r.d.update()
}

// flushLine emits what follows the last newline. There a '\r' is part of the line.
func (r *Readable) flushLine() {
	if last := r.lines.partial; len(last) > 0 && r.lineFits(last) {
		r.lines.partial = nil
		reactor.Emit(r.d.loop, &r.line, last)
	}
}

func withoutCR(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\r' {
		return line[:n-1]
	}
	return line
}
