package streams_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/streams"
)

func TestAConnectionThatIsDetachedIsNotShutDown(t *testing.T) {
	l := newLoop(t)
	x, peer := duplexPair(t, l)
	var j journal
	j.duplexEvents(x)
	x.Readable.OnData(func(chunk []byte) { j.Add("data:" + string(chunk)) })
	y := newDuplex(t, l, peer)
	write(t, y.Writable, []byte("first"))
	poll(t, l)

	fd, err := x.Detach()
	require.NoError(t, err)
	require.Equal(t, -1, x.FD())
	_, err = x.Detach()
	require.ErrorIs(t, err, streams.ErrClosed)

	y.Readable.OnEnd(func() { require.Fail(t, "the connection was shut down") })
	again, err := streams.NewDuplex(l, fd, nil)
	require.NoError(t, err)
	write(t, again.Writable, []byte("by the other"))
	y.Readable.OnData(func(chunk []byte) {
		j.Add("peer:" + string(chunk))
		write(t, y.Writable, []byte("second"))
	})
	again.Readable.OnData(func(chunk []byte) {
		j.Add("other:" + string(chunk))
		y.Destroy(nil)
		again.Destroy(nil)
	})
	run(t, l)
	require.ElementsMatch(t, []string{"data:first", "read-close", "write-close", "peer:by the other", "other:second"}, j.Entries)
}

func TestAConnectionWithQueuedBytesIsNotDetached(t *testing.T) {
	l := newLoop(t)
	x, peer := duplexPair(t, l)
	write(t, x.Writable, pattern(8<<20))
	_, err := x.Detach()
	require.ErrorIs(t, err, unix.EBUSY)
	require.False(t, x.Writable.Closed())
	x.Destroy(nil)
	peer.Close()
	run(t, l)
}
