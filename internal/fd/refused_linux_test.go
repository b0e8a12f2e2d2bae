package fd_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/internal/test/sandbox"
)

func TestAnswersOfSandboxesAreRefusals(t *testing.T) {
	sandbox.EachRefusal(t, func(t *testing.T, errno unix.Errno) { require.True(t, fd.Refused(errno)) })
	for _, err := range []error{nil, unix.Errno(0), unix.EBADF, unix.EAGAIN, unix.EINTR, unix.EMFILE, unix.ENOMEM, unix.EPIPE, unix.ENOENT} {
		require.False(t, fd.Refused(err), "%v", err)
	}
}

// One errno tells a caller to do without calls that do not wait.
func TestARefusalOfNowaitIsEOPNOTSUPP(t *testing.T) {
	r, w, err := fd.PipeNonblock()
	require.NoError(t, err)
	t.Cleanup(func() { fd.Close(r, w) })
	sandbox.EachRefusal(t, func(t *testing.T, errno unix.Errno) {
		sandbox.Refuse(t, errno, sandbox.Number(unix.SYS_PREADV2), sandbox.Number(unix.SYS_PWRITEV2))
		_, err := fd.ReadNowait(r, make([]byte, 1))
		require.Equal(t, unix.EOPNOTSUPP, err)
		_, err = fd.WritevNowait(w, [][]byte{{1}})
		require.Equal(t, unix.EOPNOTSUPP, err)
	})
}
