package ipc

import "encoding/binary"

// lengthSize is the number of bytes in front of a frame: its length, unsigned, big-endian.
const lengthSize = 4

// lengthSplitter cuts by the lengths in front of the frames: the framing of Advanced.
type lengthSplitter struct {
	assembler
	max    int
	header [lengthSize]byte
	have   int    // bytes of header that have come
	size   int    // of the frame; valid once the header is whole
	skip   uint32 // bytes still to skip of a frame that is too long
}

func (s *lengthSplitter) next(p []byte) (frame, rest []byte, err error) {
	if s.skip > 0 {
		k := min(int64(len(p)), int64(s.skip))
		s.skip -= uint32(k)
		return nil, p[k:], nil
	}
	if s.have < lengthSize {
		k := copy(s.header[s.have:], p)
		s.have += k
		p = p[k:]
		if s.have < lengthSize {
			return nil, nil, nil
		}
		size := binary.BigEndian.Uint32(s.header[:])
		if int64(size) > int64(s.max) {
			s.have, s.skip = 0, size
			return nil, p, ErrMessageTooLong
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

func (s *lengthSplitter) partial() bool { return s.have > 0 }

func (s *lengthSplitter) skipping() bool { return s.skip > 0 }
