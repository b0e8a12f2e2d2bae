//go:build !linux

package fd_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

func TestCallsOfLinuxAreUnsupportedElsewhere(t *testing.T) {
	r, w := openPair(t, fd.Pipe)
	_, err := fd.Splice(r, w, 1)
	require.Equal(t, unix.ENOSYS, err)
	require.ErrorIs(t, err, errors.ErrUnsupported)
	require.ErrorIs(t, fd.SetPipeSize(w, 4096), errors.ErrUnsupported)
	_, err = fd.PipeSize(w)
	require.ErrorIs(t, err, errors.ErrUnsupported)
}
