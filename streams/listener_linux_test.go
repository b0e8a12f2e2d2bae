package streams_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/streams"
)

func TestAListenerWithoutDescriptorsWaitsAndDoesNotSpin(t *testing.T) {
	l := newLoop(t)
	accepted := 0
	var x *streams.Listener
	x, address := listen(t, l, func(d *streams.Duplex) {
		accepted++
		d.Destroy(nil)
		x.Close()
	})
	var full []int
	var refused []error
	x.OnError(func(err error) {
		refused = append(refused, err)
		require.NoError(t, unix.Close(full[0]))
		full = full[1:]
	})
	var before unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &before))
	t.Cleanup(func() { require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &before)) })
	connect(t, l, "tcp", address, func(d *streams.Duplex, err error) {
		require.NoError(t, err)
		d.Readable.Resume()
	})
	x.Pause()
	require.True(t, poll(t, l)) // The connection is made by the kernel, and waits.
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 64, Max: before.Max}))
	for {
		n, err := unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			require.ErrorIs(t, err, unix.EMFILE)
			break
		}
		full = append(full, n)
	}
	x.Resume()
	turns := l.Stats().Turns
	run(t, l)
	for _, n := range full {
		require.NoError(t, unix.Close(n))
	}
	require.Equal(t, 1, accepted)
	require.Len(t, refused, 1)
	require.ErrorIs(t, refused[0], unix.EMFILE)
	require.Less(t, l.Stats().Turns-turns, uint64(50))
}
