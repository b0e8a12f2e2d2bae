package ipc_test

import (
	"net"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/streams"
)

func TestADescriptorIsSentWithTheTypeOfItsOwner(t *testing.T) {
	for name, row := range map[string]struct {
		create func(testing.TB) any
		typ    string
		kind   ipc.Kind
	}{
		"connection":     {connection("tcp4", "127.0.0.1:0"), "net.Socket", ipc.Stream},
		"listener":       {listener("tcp4", "127.0.0.1:0"), "net.Server", ipc.Listener},
		"bare listener":  {listener("tcp4", "127.0.0.1:0"), "net.Native", ipc.Listener},
		"bound":          {boundSocket, "net.Native", ipc.Bound},
		"reset":          {resetConnection, "net.Socket", ipc.Stream},
		"udp":            {packetConn("udp4", "127.0.0.1:0"), "dgram.Socket", ipc.Datagram},
		"pipe":           {pipe, "net.Socket", ipc.Pipe},
		"bare datagrams": {packetConn("udp4", "127.0.0.1:0"), "dgram.Native", ipc.Datagram},
	} {
		t.Run(name, func(t *testing.T) {
			leakcheck.NoNewFDs(t)
			l := drainedLoop(t)
			a, b := newPair(t, l, nil)
			n := dup(t, row.create(t))
			require.NoError(t, a.SendWith("x", &ipc.SendOptions{Handle: ipc.Descriptor{FD: n, Type: row.typ}}))
			require.True(t, isOpen(n), "it is borrowed")
			closeFD(t, n)
			b.OnMessage(func(m *ipc.Message) {
				h := m.Handle()
				require.Equal(t, row.typ, h.Type())
				require.Equal(t, row.kind, h.Kind())
				got, err := h.Detach()
				require.NoError(t, err)
				flags, err := unix.FcntlInt(uintptr(got), unix.F_GETFL, 0)
				require.NoError(t, err)
				require.NotZero(t, flags&unix.O_NONBLOCK)
				closeFD(t, got)
				_, err = h.Detach()
				require.ErrorIs(t, err, ipc.ErrHandleUsed)
				a.Disconnect()
			})
			run(t, l)
		})
	}
}

func TestADescriptorOfAnotherKindThanItsTypeIsRefused(t *testing.T) {
	l := newLoop(t)
	a, _ := newPair(t, l, nil)
	n := dup(t, pipe(t))
	defer closeFD(t, n)
	for _, typ := range []string{"net.Server", "dgram.Socket", "brood.File", "", "window"} {
		err := a.SendWith("x", &ipc.SendOptions{Handle: ipc.Descriptor{FD: n, Type: typ}})
		require.ErrorIs(t, err, ipc.ErrHandleType, typ)
	}
	err := a.SendWith("x", &ipc.SendOptions{Handle: ipc.Descriptor{FD: -1, Type: "net.Socket"}})
	require.ErrorIs(t, err, unix.EBADF)
	a.Disconnect()
	run(t, l)
}

func TestThePeerCountsADescriptorUnderItsKey(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := drainedLoop(t)
	a, b := newPair(t, l, nil)
	n := dup(t, connection("tcp4", "127.0.0.1:0")(t))
	require.NoError(t, a.SendWith("x", &ipc.SendOptions{Handle: ipc.Descriptor{FD: n, Type: "net.Socket", Key: "6:::0"}}))
	closeFD(t, n)
	question := map[string]string{"cmd": "NODE_SOCKET_GET_COUNT", "key": "6:::0"}
	var counts []int
	var received *streams.Duplex
	a.OnInternal("NODE_SOCKET_COUNT", func(m *ipc.Message) {
		var answer struct{ Count int }
		require.NoError(t, m.Decode(&answer))
		if counts = append(counts, answer.Count); len(counts) == 2 {
			a.Disconnect()
			return
		}
		received.Destroy(nil)
	})
	b.OnMessage(func(m *ipc.Message) {
		var err error
		received, err = m.Handle().Duplex(nil)
		require.NoError(t, err)
		require.NoError(t, a.SendInternal(question, nil))
		received.Writable.OnClose(func() { require.NoError(t, a.SendInternal(question, nil)) })
	})
	run(t, l)
	require.Equal(t, []int{1, 0}, counts)
}

// boundSocket returns a bound socket that does not listen.
func boundSocket(t testing.TB) any {
	t.Helper()
	n, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	require.NoError(t, err)
	require.NoError(t, unix.Bind(n, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	f := os.NewFile(uintptr(n), "bound")
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	return f
}

// resetConnection returns a connection that its peer has reset.
func resetConnection(t testing.TB) any {
	t.Helper()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close()
	peer, err := net.Dial("tcp4", ln.Addr().String())
	require.NoError(t, err)
	conn, err := ln.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	require.NoError(t, peer.(*net.TCPConn).SetLinger(0))
	require.NoError(t, peer.Close())
	_, err = conn.Read(make([]byte, 1)) // The reset has come.
	require.Error(t, err)
	return conn
}
