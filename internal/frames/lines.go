package frames

import "bytes"

// lines is a Splitter of lines.
type lines struct {
	assembler
	limit int  // longest line, in bytes; constant
	skip  bool // the next bytes belong to a dropped line
}

// Lines returns a Splitter of lines, of up to limit bytes each without the newline.
func Lines(limit int) Splitter { return &lines{limit: limit} }

// Next is Splitter.Next.
func (s *lines) Next(p []byte) (frame, rest []byte, err error) {
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
	case len(line) > s.limit-len(s.buf):
		head := line
		if len(s.buf) > 0 {
			head = s.buf
		}
		s.drop()
		s.skip = !whole
		return head, rest, ErrTooLong
	case !whole:
		s.add(line, s.limit)
		return nil, nil, nil
	case len(s.buf) == 0:
		return line, rest, nil
	}
	s.add(line, s.limit)
	return s.take(), rest, nil
}

// Partial is Splitter.Partial.
func (s *lines) Partial() bool { return len(s.buf) > 0 }

// Skipping is Splitter.Skipping.
func (s *lines) Skipping() bool { return s.skip }
