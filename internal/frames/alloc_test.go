//go:build !race

package frames_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The race detector allocates on its own account, so this file is not built with it.

const maxFrame = 1 << 20

// A frame costs no memory, neither inside one read nor in pieces.
func TestAFrameDoesNotAllocate(t *testing.T) {
	for name, kind := range splitters {
		for _, c := range []struct {
			name          string
			frame, frames int // bytes of a frame, and how many
			piece         int // bytes of a read
		}{
			{"whole", 30, 1, 64 << 10},
			{"many in one read", 30, 100, 64 << 10},
			{"across reads", 30, 100, 50},
			{"longer than a read", 200_000, 3, 64 << 10},
			{"byte by byte", 30, 3, 1},
		} {
			s := kind.splitter(maxFrame)
			text := bytes.Repeat(kind.framed(strings.Repeat("x", c.frame)), c.frames)
			step := func() {
				if n, size := count(s, text, c.piece); n != c.frames || size != c.frame*c.frames {
					t.Fatalf("%s, %s: %d frames of %d bytes together", name, c.name, n, size)
				}
			}
			step() // The first two calls make the memory that is kept.
			step()
			require.Zero(t, testing.AllocsPerRun(100, step), "%s, %s", name, c.name)
		}
	}
}
