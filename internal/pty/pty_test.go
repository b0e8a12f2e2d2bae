//go:build unix

package pty_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/internal/pty"
)

func flags(t *testing.T, n, get int) int {
	t.Helper()
	flags, err := unix.FcntlInt(uintptr(n), get, 0)
	require.NoError(t, err)
	return flags
}

func TestTheSidesAreAsTheirUsersExpectThem(t *testing.T) {
	master, slave := open(t)
	require.True(t, fd.IsTerminal(slave))
	require.NotZero(t, flags(t, master, unix.F_GETFL)&unix.O_NONBLOCK, "the loop reads it")
	require.Zero(t, flags(t, slave, unix.F_GETFL)&unix.O_NONBLOCK, "programs expect it")
	for _, n := range []int{master, slave} {
		require.NotZero(t, flags(t, n, unix.F_GETFD)&unix.FD_CLOEXEC)
		require.Equal(t, unix.O_RDWR, flags(t, n, unix.F_GETFL)&unix.O_ACCMODE)
	}
}

func TestBytesWrittenToOneSideAreReadFromTheOther(t *testing.T) {
	master, slave := open(t)
	_, err := fd.Write(master, []byte("typed\n"))
	require.NoError(t, err)
	p := make([]byte, 100)
	n, err := fd.Read(slave, p)
	require.NoError(t, err)
	require.Equal(t, "typed\n", string(p[:n]))
	_, err = fd.Write(slave, []byte("shown\n"))
	require.NoError(t, err)
	require.NoError(t, fd.SetNonblock(master, false))
	const want = "typed\r\nshown\r\n" // Echoed first, with newlines translated.
	got := ""
	for len(got) < len(want) {
		n, err = fd.Read(master, p)
		require.NoError(t, err)
		got += string(p[:n])
	}
	require.Equal(t, want, got)
}

func TestTheSizeIsThatOfBothSides(t *testing.T) {
	master, slave := open(t)
	size := func(n int) pty.Size {
		s, err := pty.SizeOf(n)
		require.NoError(t, err)
		return s
	}
	require.Equal(t, pty.Size{Rows: 24, Cols: 80}, size(master))
	require.Equal(t, pty.Size{Rows: 24, Cols: 80}, size(slave))
	require.NoError(t, pty.SetSize(master, pty.Size{Rows: 50, Cols: 65535}))
	require.Equal(t, pty.Size{Rows: 50, Cols: 65535}, size(slave))
	require.NoError(t, pty.SetSize(slave, pty.Size{Rows: 1, Cols: 2}))
	require.Equal(t, pty.Size{Rows: 1, Cols: 2}, size(master))
}

func TestADescriptorThatIsNoTerminalHasNoSize(t *testing.T) {
	r, w, err := fd.Pipe()
	require.NoError(t, err)
	defer fd.Close(r, w)
	_, err = pty.SizeOf(r)
	require.Equal(t, unix.ENOTTY, err)
	require.Equal(t, unix.ENOTTY, pty.SetSize(r, pty.Size{Rows: 1, Cols: 1}))
}
