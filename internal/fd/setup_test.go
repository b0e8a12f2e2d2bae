package fd_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

// openEnd is openPair with the second end closed at once.
func openEnd(t testing.TB, open func() (a, b int, err error)) int {
	t.Helper()
	a, b, err := open()
	require.NoError(t, err)
	fd.Close(b)
	t.Cleanup(func() { fd.Close(a) })
	return a
}

// socketPair is fd.SocketPair in non-blocking mode.
func socketPair() (a, b int, err error) {
	a, b, err = fd.SocketPair()
	if err == nil {
		err = fd.SetNonblock(a, true)
	}
	if err == nil {
		err = fd.SetNonblock(b, true)
	}
	return a, b, err
}

// reversed opens the writing end of a pipe first.
func reversed(open func() (r, w int, err error)) func() (w, r int, err error) {
	return func() (w, r int, err error) {
		r, w, err = open()
		return w, r, err
	}
}

// fill calls write with blocks and then with single bytes until there is no room, and returns the
// number of bytes written.
func fill(t testing.TB, write func(p []byte) (int, error)) int {
	t.Helper()
	total := 0
	for p := make([]byte, 4096); ; {
		n, err := write(p)
		total += n
		switch {
		case err == nil:
			require.Positive(t, n)
		case len(p) > 1:
			p = p[:1]
		default:
			require.Equal(t, unix.EAGAIN, err)
			require.Zero(t, n)
			return total
		}
	}
}
