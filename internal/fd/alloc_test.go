//go:build !race

package fd_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

// The race detector allocates on its own account, so this file is not built with it.

func requireNoAllocs(t *testing.T, fn func() error) {
	t.Helper()
	var err error
	require.Zero(t, testing.AllocsPerRun(1000, func() {
		if e := fn(); e != nil {
			err = e
		}
	}))
	require.NoError(t, err)
}

func TestLoopsCallsDoNotAllocate(t *testing.T) {
	p := make([]byte, 100)
	for name, open := range kinds {
		t.Run(name, func(t *testing.T) {
			r, w := openPair(t, open)
			requireNoAllocs(t, func() error {
				_, err := fd.WriteNonblock(w, p)
				if err == nil {
					_, err = fd.WritevNonblock(w, [][]byte{p[:10], p[10:20]})
				}
				if err == nil {
					_, err = fd.ReadNonblock(r, p)
				}
				for err == nil { // Some platforms have written the first piece alone.
					_, err = fd.ReadNonblock(r, p)
				}
				if err == unix.EAGAIN {
					err = nil
				}
				return err
			})
		})
	}
}

func TestClosingDoesNotAllocate(t *testing.T) {
	r, _ := openPair(t, fd.Pipe)
	requireNoAllocs(t, func() error {
		n, err := fd.Duplicate(r, 0)
		fd.Close(n, -1)
		return err
	})
}
