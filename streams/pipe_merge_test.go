package streams_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

// Two sources wait for room in one destination. Neither stops the other from going on.
func TestTwoSourcesReachOneSlowDestinationWhole(t *testing.T) {
	const each = 1 << 20
	l := newLoop(t)
	dst, far := writePipe(t, l, nil)
	open := 2
	for range open {
		src, near := readPipe(t, l, nil)
		feed, err := streams.NewWritable(l, near.Give(), nil)
		require.NoError(t, err)
		write(t, feed, pattern(each))
		feed.End()
		src.Pipe(dst, &streams.PipeOptions{KeepOpen: true})
		src.OnEnd(func() {
			if open--; open == 0 {
				dst.End()
			}
		})
	}
	got := 0
	var reader *reactor.Timer
	reader = l.SetInterval(0, func() {
		part, _ := far.Read()
		got += len(part)
		if dst.Closed() {
			reader.Stop()
		}
	})
	run(t, l)
	rest, end := far.ReadAll()
	require.True(t, end)
	require.Equal(t, 2*each, got+len(rest))
}
