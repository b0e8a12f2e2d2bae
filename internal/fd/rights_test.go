package fd_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/internal/test/fdtest"
)

// received returns the content of one message. The descriptors are closed with the test.
func received(t testing.TB, n int, control []byte) (text string, rights []int, truncated bool) {
	t.Helper()
	p := make([]byte, 100)
	n, controlLen, truncated, err := fd.Recvmsg(n, p, control)
	require.NoError(t, err)
	fd.EachRight(control[:controlLen], func(right int) { rights = append(rights, right) })
	t.Cleanup(func() { fd.Close(rights...) })
	return string(p[:n]), rights, truncated
}

func TestDescriptorsArriveCloseOnExecAndInOrder(t *testing.T) {
	a, b := openPair(t, fd.SocketPair)
	r, w := openPair(t, fd.PipeNonblock)
	n, err := fd.Sendmsg(a, [][]byte{[]byte("text")}, unix.UnixRights(r, w, r))
	require.NoError(t, err)
	require.Equal(t, 4, n)
	require.True(t, fdtest.IsOpen(r), "they are borrowed")

	text, rights, truncated := received(t, b, fd.NewControl())
	require.Equal(t, "text", text)
	require.False(t, truncated)
	require.Len(t, rights, 3)
	for i, sent := range []int{r, w, r} {
		require.NotContains(t, []int{r, w}, rights[i])
		require.True(t, closeOnExec(t, rights[i]))
		require.True(t, nonblocking(t, rights[i]), "the mode is the description's")
		require.True(t, sameFile(t, sent, rights[i]))
	}
	_, err = fd.Write(rights[1], []byte("x"))
	require.NoError(t, err)
	got, err := fd.Read(rights[0], make([]byte, 2))
	require.NoError(t, err)
	require.Equal(t, 1, got)
}

func TestDescriptorsGoWithTheFirstOfSeveralPieces(t *testing.T) {
	a, b := openPair(t, fd.SocketPair)
	n, err := fd.Sendmsg(a, [][]byte{[]byte("one"), []byte("two")}, unix.UnixRights(a))
	require.NoError(t, err)
	text, rights, truncated := received(t, b, fd.NewControl())
	require.Equal(t, "onetwo"[:n], text)
	require.False(t, truncated)
	require.Len(t, rights, 1)
}

func TestAMessageWithoutDescriptorsHasNoControl(t *testing.T) {
	a, b := openPair(t, fd.SocketPair)
	_, err := fd.Send(a, []byte("text"))
	require.NoError(t, err)
	text, rights, truncated := received(t, b, fd.NewControl())
	require.Equal(t, "text", text)
	require.Empty(t, rights)
	require.False(t, truncated)
}

func TestRecvmsgReportsLostDescriptorsAndLeavesNoneBehind(t *testing.T) {
	a, b := openPair(t, fd.SocketPair)
	_, err := fd.Sendmsg(a, [][]byte{[]byte("text")}, unix.UnixRights(a, b, a))
	require.NoError(t, err)
	text, rights, truncated := received(t, b, make([]byte, unix.CmsgSpace(4)))
	require.Equal(t, "text", text)
	require.True(t, truncated)
	require.Less(t, len(rights), 3)
	for _, right := range rights {
		require.True(t, closeOnExec(t, right))
	}
}

func TestRecvmsgOfNothingLeavesTheControlEmpty(t *testing.T) {
	_, b := openPair(t, fd.SocketPair)
	n, controlLen, truncated, err := fd.Recvmsg(b, make([]byte, 10), fd.NewControl())
	require.Equal(t, unix.EAGAIN, err, "although the socket is in blocking mode")
	require.Zero(t, n)
	require.Zero(t, controlLen)
	require.False(t, truncated)
}

// FuzzEachRight gives it control messages that no kernel would make.
func FuzzEachRight(f *testing.F) {
	f.Add([]byte{})
	f.Add(unix.UnixRights(3))
	f.Add(unix.UnixRights(1, 2, 3, 4, 5))
	f.Add(append(unix.UnixRights(7), unix.UnixRights(8, 9)...))
	f.Add(unix.UnixRights(1, 2)[:unix.CmsgLen(4)])
	f.Fuzz(func(t *testing.T, control []byte) {
		found := 0
		fd.EachRight(control, func(int) { found++ })
		require.LessOrEqual(t, found*4, len(control))
	})
}
