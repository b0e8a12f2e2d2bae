package streams

import (
	"bytes"
	"strconv"
)

// A LineEnd is a kind of end of a line. The zero value is Newline.
type LineEnd uint8

const (
	// Newline is "\n" or "\r\n".
	Newline LineEnd = iota

	// CarriageReturn is "\r", "\n" or "\r\n". It is for programs that show their progress in one
	// line, such as git and rsync. A line is delivered as soon as its "\r" has come, even if a "\n"
	// may follow.
	CarriageReturn

	// NUL is the zero byte, as in the output of "git ls-files -z" or "find -print0". Newlines are
	// part of the line.
	NUL
)

var lineEndNames = [...]string{Newline: "Newline", CarriageReturn: "CarriageReturn", NUL: "NUL"}

// String returns the name of the constant, such as "Newline".
func (e LineEnd) String() string {
	if e.Valid() {
		return lineEndNames[e]
	}
	return "LineEnd(" + strconv.Itoa(int(e)) + ")"
}

// Valid reports whether e is one of the constants.
func (e LineEnd) Valid() bool { return int(e) < len(lineEndNames) }

// lineSplitter splits bytes, which come in pieces of any size, into lines: for OnLine on the loop
// goroutine, for Lines on the goroutine of the range. It belongs to that one goroutine.
type lineSplitter struct {
	// end and limit never change. limit is the greatest length of a line, in bytes without its end;
	// negative: none.
	end   LineEnd
	limit int

	partial []byte // the beginning of a line whose end has not come; the splitter's own
	afterCR bool   // the last byte was the "\r" of a line that was returned: a "\n" belongs to it
}

// fastIndex returns the index of the first "\n" if that ends a line that began in p, as most do,
// else -1: then call cut. It is inlined, because the code around a short line takes longer than to
// find its end.
func (s *lineSplitter) fastIndex(p []byte) int {
	if s.end == Newline && len(s.partial) == 0 {
		return bytes.IndexByte(p, '\n')
	}
	return -1
}

// cut returns the first line of p, without its end, and the bytes behind it. line is valid until
// the next call. If p ends before the line does, the splitter keeps a copy of p, found is false,
// and rest is empty. The error is ErrLineTooLong.
func (s *lineSplitter) cut(p []byte) (line, rest []byte, found bool, err error) {
	if s.afterCR && len(p) > 0 {
		s.afterCR = false
		if p[0] == '\n' {
			p = p[1:]
		}
	}
	i := s.index(p)
	if i < 0 {
		s.partial = append(s.partial, p...)
		// A "\r" at the end of partial may belong to an end that is still to come.
		return nil, nil, false, s.fits(s.withoutCR(s.partial))
	}
	line, rest = p[:i], p[i+1:]
	if s.end == CarriageReturn && p[i] == '\r' {
		if s.afterCR = len(rest) == 0; !s.afterCR && rest[0] == '\n' {
			rest = rest[1:]
		}
	}
	if len(s.partial) > 0 {
		line = append(s.partial, line...)
		s.partial = line[:0]
	}
	line = s.withoutCR(line)
	return line, rest, true, s.fits(line)
}

// last returns, at the end of the data, the bytes behind the last end, with a "\r" among them.
// found is false if there are none.
func (s *lineSplitter) last() (line []byte, found bool, err error) {
	line = s.partial
	s.partial = nil
	return line, len(line) > 0, s.fits(line)
}

// index returns the index of the first end of a line, -1 if p has none.
func (s *lineSplitter) index(p []byte) int {
	switch s.end {
	case CarriageReturn:
		for i, c := range p {
			if c == '\n' || c == '\r' {
				return i
			}
		}
		return -1
	case NUL:
		return bytes.IndexByte(p, 0)
	}
	return bytes.IndexByte(p, '\n')
}

// withoutCR removes the "\r" of a "\r\n", of which the "\n" is not in line.
func (s *lineSplitter) withoutCR(line []byte) []byte {
	if n := len(line); s.end == Newline && n > 0 && line[n-1] == '\r' {
		return line[:n-1]
	}
	return line
}

// fits returns ErrLineTooLong for a line over the limit.
func (s *lineSplitter) fits(line []byte) error {
	if s.limit >= 0 && len(line) > s.limit {
		return ErrLineTooLong
	}
	return nil
}

func (s *lineSplitter) begun() bool { return len(s.partial) > 0 }

// drop forgets a line that has begun, because its rest will not come here.
func (s *lineSplitter) drop() { s.partial, s.afterCR = nil, false }
