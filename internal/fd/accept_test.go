package fd_test

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/internal/test/leakcheck"
)

func TestAcceptTakesAConnectionThatIsNonBlockingAndCloseOnExec(t *testing.T) {
	leakcheck.NoNewFDs(t)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	raw, err := ln.(*net.TCPListener).SyscallConn()
	require.NoError(t, err)
	listener := -1
	require.NoError(t, raw.Control(func(p uintptr) { listener, err = fd.Duplicate(int(p), 0) }))
	require.NoError(t, err)
	require.NoError(t, ln.Close())

	_, err = fd.Accept(listener)
	require.ErrorIs(t, err, unix.EAGAIN)
	client, err := net.Dial("tcp", ln.Addr().String())
	require.NoError(t, err)
	conn, err := fd.Accept(listener)
	require.NoError(t, err)
	peer, err := unix.Getpeername(conn)
	require.NoError(t, err)
	require.Equal(t, client.LocalAddr().(*net.TCPAddr).Port, peer.(*unix.SockaddrInet4).Port)
	domain, err := fd.Domain(conn)
	require.NoError(t, err)
	require.Equal(t, unix.AF_INET, domain)
	status, err := unix.FcntlInt(uintptr(conn), unix.F_GETFL, 0)
	require.NoError(t, err)
	require.NotZero(t, status&unix.O_NONBLOCK)
	flags, err := unix.FcntlInt(uintptr(conn), unix.F_GETFD, 0)
	require.NoError(t, err)
	require.NotZero(t, flags&unix.FD_CLOEXEC)
	require.NoError(t, client.Close())
	fd.Close(conn, listener)
	_, err = fd.Accept(listener)
	require.ErrorIs(t, err, unix.EBADF)
}

func TestASocketIsNonBlockingAndCloseOnExec(t *testing.T) {
	leakcheck.NoNewFDs(t)
	for _, kind := range []int{unix.SOCK_STREAM, unix.SOCK_DGRAM} {
		s, err := fd.Socket(unix.AF_INET, kind)
		require.NoError(t, err)
		got, err := unix.GetsockoptInt(s, unix.SOL_SOCKET, unix.SO_TYPE)
		require.NoError(t, err)
		require.Equal(t, kind, got)
		require.True(t, nonblocking(t, s))
		flags, err := unix.FcntlInt(uintptr(s), unix.F_GETFD, 0)
		require.NoError(t, err)
		require.NotZero(t, flags&unix.FD_CLOEXEC)
		fd.Close(s)
	}
	_, err := fd.Socket(-1, unix.SOCK_STREAM)
	require.ErrorIs(t, err, unix.EAFNOSUPPORT)
}
