package ipc

import "bytes"

// lineSplitter cuts at newlines: the framing of JSON.
type lineSplitter struct {
	assembler
	max  int
	skip bool // inside a line that is too long
}

func (s *lineSplitter) next(p []byte) (frame, rest []byte, err error) {
	line := p
	i := bytes.IndexByte(p, '\n')
	whole := i >= 0
	if whole {
		line, rest = p[:i], p[i+1:]
	}
	if s.skip {
		s.skip = !whole
		return nil, rest, nil
	}
	switch {
	case len(line) > s.max-len(s.buf):
		s.drop()
		s.skip = !whole
		return nil, rest, ErrMessageTooLong
	case !whole:
		s.add(line, s.max)
		return nil, nil, nil
	case len(s.buf) == 0:
		return line, rest, nil
	}
	s.add(line, s.max)
	return s.take(), rest, nil
}

func (s *lineSplitter) partial() bool { return len(s.buf) > 0 }

func (s *lineSplitter) skipping() bool { return s.skip }
