package fleet_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// A gate is a fifo that holds workers until it is opened.
type gate struct {
	t    testing.TB
	path string
}

func newGate(t testing.TB) *gate {
	t.Helper()
	g := &gate{t, filepath.Join(t.TempDir(), "gate")}
	require.NoError(t, unix.Mkfifo(g.path, 0o600))
	return g
}

// open lets the waiting workers pass. It waits until there is one.
func (g *gate) open() {
	g.t.Helper()
	f, err := os.OpenFile(g.path, os.O_WRONLY, 0) // This waits for a reader.
	require.NoError(g.t, err)
	require.NoError(g.t, f.Close())
}
