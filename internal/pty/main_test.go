package pty_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/internal/pty"
	"github.com/brood-go/brood/internal/test/leakcheck"
)

func TestMain(m *testing.M) { os.Exit(leakcheck.Main(m)) }

// open returns both sides of a new terminal of 24×80. They are closed with the test.
func open(t *testing.T) (master, slave int) {
	t.Helper()
	master, slave, err := pty.Open(pty.Size{Rows: 24, Cols: 80})
	require.NoError(t, err)
	t.Cleanup(func() { fd.Close(master, slave) })
	return master, slave
}
