package fd_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/internal/test/leakcheck"
)

func TestMain(m *testing.M) { os.Exit(leakcheck.Main(m)) }

// openPair returns both ends that open has opened. They are closed with the test.
func openPair(t testing.TB, open func() (a, b int, err error)) (a, b int) {
	t.Helper()
	a, b, err := open()
	require.NoError(t, err)
	t.Cleanup(func() { fd.Close(a, b) })
	return a, b
}

func nonblocking(t testing.TB, n int) bool {
	t.Helper()
	flags, err := unix.FcntlInt(uintptr(n), unix.F_GETFL, 0)
	require.NoError(t, err)
	return flags&unix.O_NONBLOCK != 0
}

func closeOnExec(t testing.TB, n int) bool {
	t.Helper()
	flags, err := unix.FcntlInt(uintptr(n), unix.F_GETFD, 0)
	require.NoError(t, err)
	return flags&unix.FD_CLOEXEC != 0
}

// sameFile reports whether two descriptors refer to one file.
func sameFile(t testing.TB, a, b int) bool {
	t.Helper()
	var x, y unix.Stat_t
	require.NoError(t, unix.Fstat(a, &x))
	require.NoError(t, unix.Fstat(b, &y))
	return x.Dev == y.Dev && x.Ino == y.Ino
}
