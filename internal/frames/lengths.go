package frames

import "encoding/binary"

// LengthSize is the number of bytes of a length in front of a frame: unsigned, big-endian.
const LengthSize = 4

// lengths is a Splitter of frames behind their lengths.
type lengths struct {
	assembler
	limit  int // longest frame, in bytes; constant
	header [LengthSize]byte
	have   int    // bytes of header that have come; LengthSize while the frame comes
	size   int    // length of the frame; valid once the header is complete
	skip   uint32 // bytes of a dropped frame that are still to come
}

// Lengths returns a Splitter of frames behind their lengths, of up to limit bytes each.
func Lengths(limit int) Splitter { return &lengths{limit: limit} }

// Next is Splitter.Next.
func (s *lengths) Next(p []byte) (frame, rest []byte, err error) {
	if s.skip > 0 {
		k := min(int64(len(p)), int64(s.skip))
		s.skip -= uint32(k)
		return nil, p[k:], nil
	}
	if s.have < LengthSize {
		k := copy(s.header[s.have:], p)
		s.have += k
		p = p[k:]
		if s.have < LengthSize {
			return nil, nil, nil
		}
		size := binary.BigEndian.Uint32(s.header[:])
		if int64(size) > int64(s.limit) {
			s.have, s.skip = 0, size
			return nil, p, ErrTooLong
		}
		s.size = int(size)
	}
	missing := s.size - len(s.buf)
	if len(p) < missing {
		s.add(p, s.size)
		return nil, nil, nil
	}
	s.have = 0
	if len(s.buf) == 0 {
		return p[:missing], p[missing:], nil
	}
	s.add(p[:missing], s.size)
	return s.take(), p[missing:], nil
}

// Partial is Splitter.Partial.
func (s *lengths) Partial() bool { return s.have > 0 }

// Skipping is Splitter.Skipping.
func (s *lengths) Skipping() bool { return s.skip > 0 }
