package fd_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

// nowait skips a test where no call on a pipe in blocking mode can be made not to wait.
func nowait(t *testing.T) {
	t.Helper()
	r, _ := openPair(t, fd.Pipe)
	if _, err := fd.ReadNowait(r, make([]byte, 1)); err == unix.EOPNOTSUPP {
		require.ErrorIs(t, err, errors.ErrUnsupported)
		t.Skip("this system has no preadv2(2) with RWF_NOWAIT for pipes")
	}
}

func TestNowaitDoesNotWaitForAPipeInBlockingMode(t *testing.T) {
	nowait(t)
	r, w := openPair(t, fd.Pipe)
	p := make([]byte, 10)
	n, err := fd.ReadNowait(r, p)
	require.Equal(t, unix.EAGAIN, err)
	require.Zero(t, n)

	n, err = fd.WritevNowait(w, [][]byte{[]byte("te"), []byte("xt")})
	require.NoError(t, err)
	require.Equal(t, 4, n)
	n, err = fd.ReadNowait(r, p)
	require.NoError(t, err)
	require.Equal(t, "text", string(p[:n]))

	require.Positive(t, fill(t, func(p []byte) (int, error) { return fd.WritevNowait(w, [][]byte{p}) }))
	require.False(t, nonblocking(t, r))
	require.False(t, nonblocking(t, w))
}

func TestNowaitFindsTheEnd(t *testing.T) {
	nowait(t)
	n, err := fd.ReadNowait(openEnd(t, fd.Pipe), make([]byte, 1))
	require.NoError(t, err)
	require.Zero(t, n)

	n, err = fd.WritevNowait(openEnd(t, reversed(fd.Pipe)), [][]byte{[]byte("text")})
	require.Equal(t, unix.EPIPE, err)
	require.Zero(t, n)
}
