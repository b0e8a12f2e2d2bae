//go:build !race

package streams_test

import (
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/streams"
)

// A range allocates nothing for a line, also if the line comes in two pieces.
func TestLineOfARangeDoesNotAllocate(t *testing.T) {
	const count = 3000
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	lines := r.Lines()
	feed(t, l, w, []byte(strings.Repeat("a line, see?\n", count)))
	var begin, end runtime.MemStats
	n := 0
	for range lines {
		switch n++; n {
		case count / 2: // Some pieces and cut lines have come already.
			runtime.ReadMemStats(&begin)
		case count:
			runtime.ReadMemStats(&end)
		}
	}
	require.Equal(t, count, n)
	require.Less(t, end.Mallocs-begin.Mallocs, uint64(count/100), "what the runtime does meanwhile aside")
}

// The text is the only allocation for a chunk, in every encoding.
func TestTextAllocatesOnlyTheText(t *testing.T) {
	for _, e := range []streams.Encoding{streams.UTF8, streams.UTF16LE, streams.ASCII, streams.Latin1} {
		l := newLoop(t)
		r, in := readPipe(t, l, nil)
		r.SetEncoding(e)
		n := 0
		r.OnText(func(s string) { n += len(s) })
		chunk := []byte(strings.Repeat("a\x00", 2048))
		step := func() {
			rawWrite(t, in.FD, chunk)
			rawPoll(t, l)
		}
		step()
		require.Equal(t, 1.0, testing.AllocsPerRun(allocRuns, step), "%v", e)
		require.NotZero(t, n)
		in.Close()
		run(t, l)
	}
}
