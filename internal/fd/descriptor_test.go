package fd_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/internal/test/fdtest"
)

func TestPairsAreBornCloseOnExecAndInTheirMode(t *testing.T) {
	for name, c := range map[string]struct {
		open     func() (a, b int, err error)
		nonblock bool
	}{
		"Pipe":         {fd.Pipe, false},
		"PipeNonblock": {fd.PipeNonblock, true},
		"SocketPair":   {fd.SocketPair, false},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := openPair(t, c.open)
			for _, n := range []int{a, b} {
				require.True(t, closeOnExec(t, n))
				require.Equal(t, c.nonblock, nonblocking(t, n))
			}
		})
	}
}

func TestAPipeLeadsFromItsFirstEndToItsSecond(t *testing.T) {
	r, w := openPair(t, fd.Pipe)
	n, err := unix.Write(w, []byte("text"))
	require.NoError(t, err)
	require.Equal(t, 4, n)
	_, err = unix.Write(r, []byte("text"))
	require.Equal(t, unix.EBADF, err)

	p := make([]byte, 10)
	n, err = unix.Read(r, p)
	require.NoError(t, err)
	require.Equal(t, "text", string(p[:n]))
}

func TestAPairOfSocketsLeadsBothWays(t *testing.T) {
	a, b := openPair(t, fd.SocketPair)
	p := make([]byte, 10)
	for _, way := range [][2]int{{a, b}, {b, a}} {
		_, err := unix.Write(way[0], []byte("text"))
		require.NoError(t, err)
		n, err := unix.Read(way[1], p)
		require.NoError(t, err)
		require.Equal(t, "text", string(p[:n]))
	}
	kind, err := unix.GetsockoptInt(a, unix.SOL_SOCKET, unix.SO_TYPE)
	require.NoError(t, err)
	require.Equal(t, unix.SOCK_STREAM, kind)
}

func TestWithoutDescriptorsThereIsNoPair(t *testing.T) {
	var before unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &before))
	none := before
	none.Cur = 0
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &none))
	defer func() { require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &before)) }()

	for name, open := range map[string]func() (a, b int, err error){
		"Pipe": fd.Pipe, "PipeNonblock": fd.PipeNonblock, "SocketPair": fd.SocketPair,
	} {
		a, b, err := open()
		require.Equal(t, unix.EMFILE, err, name)
		require.Equal(t, []int{-1, -1}, []int{a, b}, name)
	}
}

func TestCloseTakesManyAndSkipsNone(t *testing.T) {
	a, b, err := fd.Pipe()
	require.NoError(t, err)
	fd.Close(-1, a, -1, b)
	require.False(t, fdtest.IsOpen(a))
	require.False(t, fdtest.IsOpen(b))
	fd.Close()
	fd.Close(-1)
}

func TestADuplicateIsCloseOnExecAndNotBelowTheLowest(t *testing.T) {
	r, _ := openPair(t, fd.PipeNonblock)
	unix.CloseOnExec(r)
	for _, lowest := range []int{0, 3, 100} {
		n, err := fd.Duplicate(r, lowest)
		require.NoError(t, err)
		require.GreaterOrEqual(t, n, lowest)
		require.True(t, closeOnExec(t, n))
		require.True(t, nonblocking(t, n), "the mode is the description's")
		require.True(t, sameFile(t, r, n))
		fd.Close(n)
	}
	require.True(t, fdtest.IsOpen(r), "it is borrowed")

	n, err := fd.Duplicate(-1, 0)
	require.Equal(t, unix.EBADF, err)
	require.Negative(t, n)
}

func TestTheModeIsThatOfAllDuplicates(t *testing.T) {
	r, _ := openPair(t, fd.Pipe)
	n, err := fd.Duplicate(r, 0)
	require.NoError(t, err)
	defer fd.Close(n)
	for _, on := range []bool{true, true, false, false, true} {
		require.NoError(t, fd.SetNonblock(n, on))
		require.Equal(t, on, nonblocking(t, n))
		require.Equal(t, on, nonblocking(t, r))
	}
	require.Equal(t, unix.EBADF, fd.SetNonblock(-1, true))
}
