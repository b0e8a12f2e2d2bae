package pool_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// gate is a fifo at which shell workers wait: `read -r go <path`.
type gate struct {
	t    testing.TB
	path string
	file *os.File // open for both directions, so that no reader sees an end of file
}

func newGate(t testing.TB) *gate {
	t.Helper()
	path := filepath.Join(t.TempDir(), "gate")
	require.NoError(t, unix.Mkfifo(path, 0o600))
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = f.Close() }) // A test may have closed it.
	return &gate{t, path, f}
}

// open lets one worker through, by one byte, which two workers cannot share.
func (g *gate) open() {
	g.t.Helper()
	_, err := g.file.WriteString("\n")
	require.NoError(g.t, err)
}
