package fd_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

func TestSpliceMovesBytesToOrFromAPipe(t *testing.T) {
	for name, c := range map[string]struct{ src, dst func() (r, w int, err error) }{
		"pipe to pipe":          {fd.PipeNonblock, fd.PipeNonblock},
		"blocking pipe to pipe": {fd.Pipe, fd.Pipe},
		"pipe to socket":        {fd.PipeNonblock, socketPair},
		"socket to pipe":        {socketPair, fd.PipeNonblock},
	} {
		t.Run(name, func(t *testing.T) {
			src, in, err := c.src()
			require.NoError(t, err)
			defer fd.Close(src)
			out, dst := openPair(t, c.dst)

			moved, err := fd.Splice(src, dst, 100)
			require.Equal(t, unix.EAGAIN, err)
			require.Zero(t, moved)

			_, err = fd.Write(in, []byte("some text"))
			require.NoError(t, err)
			for _, want := range []string{"some ", "text"} {
				moved, err = fd.Splice(src, dst, 5)
				require.NoError(t, err)
				p := make([]byte, 10)
				n, err := fd.Read(out, p)
				require.NoError(t, err)
				require.Equal(t, want, string(p[:n]))
				require.Equal(t, int64(n), moved)
			}

			fd.Close(in)
			moved, err = fd.Splice(src, dst, 100)
			require.NoError(t, err)
			require.Zero(t, moved)
		})
	}
}

func TestSpliceReturnsWhyItMovesNothing(t *testing.T) {
	a, _ := openPair(t, socketPair)
	_, b := openPair(t, socketPair)
	_, err := fd.Splice(a, b, 1)
	require.Equal(t, unix.EINVAL, err, "neither is a pipe")

	r, w := openPair(t, fd.PipeNonblock)
	_, err = fd.Write(w, []byte("text"))
	require.NoError(t, err)
	full, dst := openPair(t, fd.PipeNonblock)
	fill(t, func(p []byte) (int, error) { return fd.Write(dst, p) })
	_, err = fd.Splice(r, dst, 1)
	require.Equal(t, unix.EAGAIN, err, "%d has no room", full)

	_, err = fd.Splice(r, openEnd(t, reversed(fd.PipeNonblock)), 1)
	require.Equal(t, unix.EPIPE, err, "nobody reads")
	moved, err := fd.Splice(r, -1, 1)
	require.Equal(t, unix.EBADF, err)
	require.Zero(t, moved)
}

func TestAPipeTakesTheSizeAskedFor(t *testing.T) {
	r, w := openPair(t, fd.Pipe)
	const size = 4096 // A user may always have less.
	require.NoError(t, fd.SetPipeSize(w, size))
	got, err := fd.PipeSize(r)
	require.NoError(t, err)
	require.GreaterOrEqual(t, got, size)
	require.Less(t, got, 64<<10)

	a, _ := openPair(t, fd.SocketPair)
	require.Equal(t, unix.EBADF, fd.SetPipeSize(a, size), "no pipe")
	_, err = fd.PipeSize(a)
	require.Equal(t, unix.EBADF, err)
	largest, _ := fd.PipeLimits()
	require.GreaterOrEqual(t, largest, size)
}
