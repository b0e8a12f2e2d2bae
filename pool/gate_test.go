package pool_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// gate is a fifo that shell workers wait at, until they are let through one by one: `read -r go
// <path`.
type gate struct {
	t    testing.TB
	path string
	file *os.File // open for both, so that nobody sees an end
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

// open lets one worker through. It is one byte, which no two can share.
func (g *gate) open() {
	g.t.Helper()
	_, err := g.file.WriteString("\n")
	require.NoError(g.t, err)
}
