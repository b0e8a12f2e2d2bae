package fd_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

func TestSocketsInBlockingModeDoNotWait(t *testing.T) {
	for name, send := range map[string]writer{"Send": fd.Send, "Sendmsg": writers["Sendmsg"]} {
		for name2, recv := range map[string]reader{"Recv": fd.Recv, "Recvmsg": readers["Recvmsg"]} {
			t.Run(name+" "+name2, func(t *testing.T) {
				a, b := openPair(t, fd.SocketPair)
				p := make([]byte, 4096)
				_, err := recv(b, p)
				require.Equal(t, unix.EAGAIN, err)

				for left := fill(t, func(p []byte) (int, error) { return send(a, p) }); left > 0; {
					n, err := recv(b, p)
					require.NoError(t, err)
					left -= n
				}
				_, err = recv(b, p)
				require.Equal(t, unix.EAGAIN, err)
				require.False(t, nonblocking(t, a))
				require.False(t, nonblocking(t, b))
			})
		}
	}
}

func TestAsManyDescriptorsAsAMessageCanHave(t *testing.T) {
	const most = 253 // SCM_MAX_FD
	a, b := openPair(t, fd.SocketPair)
	many := make([]int, most)
	for i := range many {
		many[i] = a
	}
	_, err := fd.Sendmsg(a, [][]byte{[]byte("text")}, unix.UnixRights(many...))
	require.NoError(t, err)
	text, rights, truncated := received(t, b, fd.NewControl())
	require.Equal(t, "text", text)
	require.False(t, truncated)
	require.Len(t, rights, most)

	n, err := fd.Sendmsg(a, [][]byte{[]byte("text")}, unix.UnixRights(append(many, a)...))
	require.Equal(t, unix.EINVAL, err)
	require.Zero(t, n)
}
