package frames_test

import (
	"encoding/binary"
	"os"
	"testing"

	"github.com/brood-go/brood/internal/frames"
	"github.com/brood-go/brood/internal/test/leakcheck"
)

func TestMain(m *testing.M) { os.Exit(leakcheck.Main(m)) }

// splitters are both kinds, and how a frame of each is written.
var splitters = map[string]struct {
	splitter func(limit int) frames.Splitter
	framed   func(frame string) []byte
}{
	"lines": {frames.Lines, func(frame string) []byte { return []byte(frame + "\n") }},
	"lengths": {frames.Lengths, func(frame string) []byte {
		return append(binary.BigEndian.AppendUint32(nil, uint32(len(frame))), frame...)
	}},
}

// count gives p to s in pieces and returns how many frames there were, and how many bytes they had.
// Each is over before the next piece, as with a channel.
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
