package streams

import (
	"bytes"

	"github.com/brood-go/brood/reactor"
)

// lineListening is the state of OnLine between two chunks.
type lineListening struct {
	lineSplitter
	rest []byte // what follows the line in whose callback the stream was paused
}

func (s *lineListening) held() bool { return len(s.rest) > 0 }

// drop forgets what nobody will hear.
func (s *lineListening) drop() {
	s.lineSplitter.drop()
	s.rest = nil
}

// splitter returns one for another goroutine's range over Lines.
func (r *Readable) splitter() lineSplitter { return lineSplitter{end: r.lines.end, max: r.lines.max} }

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
		line, rest, found, err := s.cut(chunk)
		chunk = rest
		if err != nil {
			chunk = nil
			r.Destroy(err)
			return
		}
		if !found {
			break
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

// flushLine emits what follows the last newline.
func (r *Readable) flushLine() {
	line, found, err := r.lines.last()
	switch {
	case err != nil:
		r.Destroy(err)
	case found:
		reactor.Emit(r.d.loop, &r.line, line)
	}
}
