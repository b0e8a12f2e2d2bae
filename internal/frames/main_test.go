package frames_test

import (
	"encoding/binary"
	"os"
	"testing"

	"github.com/brood-go/brood/internal/frames"
	"github.com/brood-go/brood/internal/test/leakcheck"
)

func TestMain(m *testing.M) { os.Exit(leakcheck.Main(m)) }

// splitters are both Splitters, and functions that write a frame for each.
var splitters = map[string]struct {
	splitter func(limit int) frames.Splitter
	framed   func(frame string) []byte
}{
	"lines": {frames.Lines, func(frame string) []byte { return []byte(frame + "\n") }},
	"lengths": {frames.Lengths, func(frame string) []byte {
		return append(binary.BigEndian.AppendUint32(nil, uint32(len(frame))), frame...)
	}},
}

// count gives p to s in pieces, and returns the number of frames and of their bytes. It recycles
// after each piece, as a channel does.
func count(s frames.Splitter, p []byte, piece int) (n, size int) {
	for len(p) > 0 {
		part := p[:min(piece, len(p))]
		p = p[len(part):]
		for len(part) > 0 {
			frame, rest, err := s.Next(part)
			if err != nil {
				panic(err)
			}
			if frame != nil {
				n++
				size += len(frame)
			}
			part = rest
		}
		s.Recycle()
	}
	return n, size
}
