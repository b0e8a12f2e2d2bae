package ipc_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/ipc"
)

// TestLargeMessagesCostWhatTheirLengthSays would fail by a factor of two if a message four times as long cost sixteen
// times as much.
func TestLargeMessagesCostWhatTheirLengthSays(t *testing.T) {
	if testing.Short() {
		t.Skip("it moves 240 MiB")
	}
	for _, o := range []*ipc.Options{nil, advanced} {
		best := map[int]time.Duration{}
		linear := func() bool { return best[64<<20] < 8*best[16<<20] }
		for round := range 10 { // More than three when the machine is busy with something else.
			if round >= 3 && linear() {
				break
			}
			for _, size := range []int{16 << 20, 64 << 20} {
				took := timeMessage(t, o, size)
				if best[size] == 0 || took < best[size] {
					best[size] = took
				}
			}
		}
		require.True(t, linear(), "%v", best)
	}
}

func timeMessage(t *testing.T, o *ipc.Options, size int) time.Duration {
	l := newLoop(t)
	a, b := newPair(t, l, o)
	text := strings.Repeat("x", size)
	got := 0
	b.OnMessage(func(m *ipc.Message) {
		got = len(m.Raw())
		b.Disconnect()
	})
	start := time.Now()
	require.NoError(t, a.Send(text))
	run(t, l)
	require.Greater(t, got, size)
	return time.Since(start)
}
