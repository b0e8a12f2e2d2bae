package ipc_test

import (
	"crypto/tls"
	"io"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/ipc"
)

func TestObjectsAreSentByTheirTypes(t *testing.T) {
	c := unrefedChannel(t, newLoop(t))
	for _, object := range objects() {
		t.Run(object.name, func(t *testing.T) {
			leakcheck.NoNewFDs(t)
			v := object.create(t)
			statusBefore, _ := flags(t, v)
			o, err := ipc.OpenOutgoing(c, v, false)
			if object.typ == "" {
				require.ErrorIs(t, err, ipc.ErrHandleType)
				require.Nil(t, o)
				return
			}
			require.NoError(t, err)
			require.Equal(t, object.typ, o.Type)
			require.Equal(t, object.dgramType, o.DgramType)
			require.Empty(t, o.Key)
			require.Equal(t, object.typ == "net.Socket", o.Retransmit)
			status, descriptor := flags(t, o.FD)
			require.Equal(t, statusBefore, status, "the mode of the shared description")
			require.NotZero(t, descriptor&unix.FD_CLOEXEC)

			o.Sent()
			_, err = v.(syscall.Conn).SyscallConn()
			require.NoError(t, err)
			again, err := ipc.OpenOutgoing(c, v, false)
			require.NoError(t, err)
			if object.typ == "net.Socket" {
				require.Nil(t, again, "a connection is detached when it is sent")
			} else {
				require.NotNil(t, again, "the sender keeps it")
				again.Done(false)
			}
			require.True(t, isOpen(o.FD))
			o.Done(true)
		})
	}
}

func TestValuesWithoutADescriptorCannotBeSent(t *testing.T) {
	leakcheck.NoNewFDs(t)
	c := unrefedChannel(t, newLoop(t))
	inner, other := net.Pipe()
	defer inner.Close()
	defer other.Close()
	secure := tls.Client(unixConnection(t).(net.Conn), &tls.Config{})
	for _, v := range []any{"text", 7, struct{}{}, func() {}, []byte{1}, inner, secure} {
		o, err := ipc.OpenOutgoing(c, v, false)
		require.Nil(t, o)
		require.ErrorIs(t, err, ipc.ErrHandleType, "%T", v)
		require.IsType(t, &ipc.HandleError{}, err)
	}
	_, err := ipc.OpenOutgoing(c, secure, false)
	require.EqualError(t, err, "ipc: send *tls.Conn: this handle type cannot be sent")
	for _, v := range []any{(*net.TCPConn)(nil), (*net.TCPListener)(nil), (*os.File)(nil)} {
		o, err := ipc.OpenOutgoing(c, v, false)
		require.Nil(t, o)
		require.IsType(t, &ipc.HandleError{}, err, "%T", v)
	}
}

// wrappedConn has a descriptor only through its embedded connection, and cannot be a key of a map.
type wrappedConn struct {
	*net.TCPConn
	_ []int
}

func TestAnEmbeddedConnectionIsSent(t *testing.T) {
	leakcheck.NoNewFDs(t)
	c := unrefedChannel(t, newLoop(t))
	inner := connection("tcp4", "127.0.0.1:0")(t).(*net.TCPConn)
	o, err := ipc.OpenOutgoing(c, wrappedConn{TCPConn: inner}, false)
	require.NoError(t, err)
	require.Equal(t, "net.Socket", o.Type)
	o.Sent()
	o.Done(true)
	require.ErrorIs(t, inner.Close(), net.ErrClosed)
}

func TestAClosedObjectGoesWithoutAHandle(t *testing.T) {
	leakcheck.NoNewFDs(t)
	c := unrefedChannel(t, newLoop(t))
	for _, object := range objects() {
		if object.typ == "" {
			continue
		}
		v := object.create(t)
		require.NoError(t, v.(io.Closer).Close())
		o, err := ipc.OpenOutgoing(c, v, false)
		require.NoError(t, err, object.name)
		require.Nil(t, o, object.name)
	}
	for _, v := range []any{nil, (*ipc.Handle)(nil)} {
		o, err := ipc.OpenOutgoing(c, v, false)
		require.NoError(t, err)
		require.Nil(t, o)
	}
}

//brood:checks N180
func TestAConnectionThatIsQueuedAlreadyGoesOnce(t *testing.T) {
	leakcheck.NoNewFDs(t)
	c := unrefedChannel(t, newLoop(t))
	conn := connection("tcp4", "127.0.0.1:0")(t)
	first, err := ipc.OpenOutgoing(c, conn, false)
	require.NoError(t, err)
	second, err := ipc.OpenOutgoing(c, conn, true)
	require.NoError(t, err)
	require.Nil(t, second)
	first.Done(false) // It was given up before it was sent, so the sender has it again.
	third, err := ipc.OpenOutgoing(c, conn, false)
	require.NoError(t, err)
	require.NotNil(t, third)
	third.Sent()
	third.Done(true)
	require.ErrorIs(t, conn.(net.Conn).Close(), net.ErrClosed)
}

func TestKeepOpenLeavesTheConnectionToTheSender(t *testing.T) {
	leakcheck.NoNewFDs(t)
	c := unrefedChannel(t, newLoop(t))
	for range 2 {
		conn := connection("tcp4", "127.0.0.1:0")(t).(net.Conn)
		o, err := ipc.OpenOutgoing(c, conn, true)
		require.NoError(t, err)
		require.False(t, o.Retransmit)
		o.Sent()
		o.Done(true)
		require.NoError(t, conn.Close())
	}
}

func TestDetachingDoesNotShutTheConnectionDown(t *testing.T) {
	leakcheck.NoNewFDs(t)
	c := unrefedChannel(t, newLoop(t))
	accepted, dialled := connect(t, listener("tcp4", "127.0.0.1:0")(t).(net.Listener))
	_, err := dialled.Write([]byte("before"))
	require.NoError(t, err)
	o, err := ipc.OpenOutgoing(c, accepted, false)
	require.NoError(t, err)
	o.Sent()
	conn, err := received(t, c, o.FD, o.Type, "").Conn()
	require.NoError(t, err)
	defer conn.Close()
	o.Done(true)
	_, err = dialled.Write([]byte(" and after"))
	require.NoError(t, err)
	got := make([]byte, len("before and after"))
	_, err = io.ReadFull(conn, got)
	require.NoError(t, err)
	require.Equal(t, "before and after", string(got))
	_, err = conn.Write([]byte("reply"))
	require.NoError(t, err)
	_, err = io.ReadFull(dialled, got[:5])
	require.NoError(t, err)
	require.Equal(t, "reply", string(got[:5]))
}

func TestAHandleIsForwardedWithItsType(t *testing.T) {
	leakcheck.NoNewFDs(t)
	c := unrefedChannel(t, newLoop(t))
	for _, object := range objects() {
		if object.typ == "" {
			continue
		}
		h := received(t, c, object.create(t), object.typ, "")
		o, err := ipc.OpenOutgoing(c, h, false)
		require.NoError(t, err)
		require.Equal(t, object.typ, o.Type)
		require.Equal(t, object.dgramType, o.DgramType)
		o.Sent()
		o.Done(true)
		require.Equal(t, object.typ == "net.Socket", h.Used(), object.name)
		require.NoError(t, h.Close())
		o, err = ipc.OpenOutgoing(c, h, false)
		require.NoError(t, err)
		require.Nil(t, o)
	}
}

func TestAHandleWithAnImpossibleTypeIsForwardedAsWhatItIs(t *testing.T) {
	leakcheck.NoNewFDs(t)
	c := unrefedChannel(t, newLoop(t))
	for _, x := range []struct {
		v         any
		typ, want string
	}{
		{packetConn("udp4", "127.0.0.1:0")(t), "net.Socket", "dgram.Native"},
		{unixConnection(t), "dgram.Socket", "net.Native"},
		{unixListener(t), "net.Socket", "net.Native"},
		{unixConnection(t), "net.Server", "net.Native"},
	} {
		h := received(t, c, x.v, x.typ, "")
		require.Equal(t, x.typ, h.Type())
		o, err := ipc.OpenOutgoing(c, h, false)
		require.NoError(t, err)
		require.Equal(t, x.want, o.Type)
		o.Done(false)
		require.NoError(t, h.Close())
	}
}

func TestSendingWithoutFreeDescriptorsIsAnError(t *testing.T) {
	leakcheck.NoNewFDs(t)
	c := unrefedChannel(t, newLoop(t))
	conn := unixConnection(t).(net.Conn)
	h := received(t, c, conn, "net.Socket", "")
	withoutFreeFDs(t, func() {
		for _, v := range []any{conn, h} {
			o, err := ipc.OpenOutgoing(c, v, false)
			require.Nil(t, o)
			require.ErrorIs(t, err, syscall.EMFILE)
		}
	})
	o, err := ipc.OpenOutgoing(c, conn, false)
	require.NoError(t, err, "nothing was done before")
	o.Done(false)
	require.NoError(t, conn.Close())
}

// withoutFreeFDs runs fn while no descriptor can be opened: the lowest free one is taken, and all
// others are over the limit.
func withoutFreeFDs(t *testing.T, fn func()) {
	t.Helper()
	var old unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &old))
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 1, Max: old.Max}))
	defer func() { require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &old)) }()
	fn()
}
