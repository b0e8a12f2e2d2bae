package fd_test

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

func TestAnEventfdCountsFromZero(t *testing.T) {
	n, err := fd.Eventfd()
	require.NoError(t, err)
	defer fd.Close(n)
	require.True(t, closeOnExec(t, n))
	require.True(t, nonblocking(t, n))

	var count [8]byte
	_, err = fd.Read(n, count[:])
	require.Equal(t, unix.EAGAIN, err)
	for range 3 {
		_, err = fd.Write(n, binary.NativeEndian.AppendUint64(nil, 1))
		require.NoError(t, err)
	}
	_, err = fd.Read(n, count[:])
	require.NoError(t, err)
	require.Equal(t, uint64(3), binary.NativeEndian.Uint64(count[:]))
}
