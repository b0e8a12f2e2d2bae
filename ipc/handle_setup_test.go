package ipc_test

import (
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/test/fdtest"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

// object makes a value with a descriptor, and says how it is sent.
type object struct {
	name      string
	create    func(t testing.TB) any
	typ       string // on the wire; "": it cannot be sent
	dgramType string
	listens   bool // a Handle of it becomes such an object
	connects  bool
	receives  bool
}

// objects are all kinds of values that a program may try to send.
func objects() []object {
	list := []object{
		{name: "tcp4 listener", create: listener("tcp4", "127.0.0.1:0"), typ: "net.Server", listens: true},
		{name: "unix listener", create: unixListener, typ: "net.Server", listens: true},
		{name: "tcp4 connection", create: connection("tcp4", "127.0.0.1:0"), typ: "net.Socket", connects: true},
		{name: "unix connection", create: unixConnection, typ: "net.Socket", connects: true},
		{name: "udp4 socket", create: packetConn("udp4", "127.0.0.1:0"), typ: "dgram.Socket", dgramType: "udp4", receives: true},
		{name: "connected udp4 socket", create: connectedUDP, typ: "dgram.Socket", dgramType: "udp4", receives: true},
		{name: "file of a listener", create: fileOf(listener("tcp4", "127.0.0.1:0")), typ: "net.Native", listens: true},
		{name: "file of a connection", create: fileOf(unixConnection), typ: "net.Native", connects: true},
		{name: "file of a socket pair", create: socketPairFile(unix.SOCK_STREAM), typ: "net.Native", connects: true},
		{name: "file of a udp socket", create: fileOf(packetConn("udp4", "127.0.0.1:0")), typ: "dgram.Native", receives: true},
		{name: "pipe", create: pipe, typ: "net.Native"},
		{name: "regular file", create: regularFile},
		{name: "directory", create: func(t testing.TB) any { return openFile(t, t.TempDir()) }},
		{name: "device", create: func(t testing.TB) any { return openFile(t, os.DevNull) }},
		{name: "unix datagrams", create: packetConn("unixgram", "")},
		{name: "file of unix datagrams", create: socketPairFile(unix.SOCK_DGRAM)},
	}
	if hasIPv6() {
		list = append(list,
			object{name: "tcp6 listener", create: listener("tcp6", "[::1]:0"), typ: "net.Server", listens: true},
			object{name: "tcp6 connection", create: connection("tcp6", "[::1]:0"), typ: "net.Socket", connects: true},
			object{name: "udp6 socket", create: packetConn("udp6", "[::1]:0"), typ: "dgram.Socket", dgramType: "udp6", receives: true})
	}
	return list
}

func hasIPv6() bool {
	ln, err := net.Listen("tcp6", "[::1]:0")
	if err == nil {
		_ = ln.Close()
	}
	return err == nil
}

func listener(network, address string) func(testing.TB) any {
	return func(t testing.TB) any {
		ln, err := net.Listen(network, address)
		require.NoError(t, err)
		t.Cleanup(func() { _ = ln.Close() })
		return ln
	}
}

func unixListener(t testing.TB) any { return listener("unix", filepath.Join(t.TempDir(), "s"))(t) }

// connection makes the accepted end of a connection whose other end stays open for the test.
func connection(network, address string) func(testing.TB) any {
	return func(t testing.TB) any {
		accepted, _ := connect(t, listener(network, address)(t).(net.Listener))
		return accepted
	}
}

func unixConnection(t testing.TB) any {
	accepted, _ := connect(t, unixListener(t).(net.Listener))
	return accepted
}

// connect returns both ends of a new connection to ln.
func connect(t testing.TB, ln net.Listener) (accepted, dialled net.Conn) {
	t.Helper()
	dialled, err := net.Dial(ln.Addr().Network(), ln.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = dialled.Close() })
	accepted, err = ln.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { _ = accepted.Close() })
	return accepted, dialled
}

func packetConn(network, address string) func(testing.TB) any {
	return func(t testing.TB) any {
		if address == "" {
			address = filepath.Join(t.TempDir(), "s")
		}
		conn, err := net.ListenPacket(network, address)
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		return conn
	}
}

func connectedUDP(t testing.TB) any {
	conn, err := net.Dial("udp4", packetConn("udp4", "127.0.0.1:0")(t).(net.PacketConn).LocalAddr().String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func fileOf(create func(testing.TB) any) func(testing.TB) any {
	return func(t testing.TB) any {
		f, err := create(t).(interface{ File() (*os.File, error) }).File()
		require.NoError(t, err)
		t.Cleanup(func() { _ = f.Close() })
		return f
	}
}

// socketPairFile makes a file in blocking mode.
func socketPairFile(typ int) func(testing.TB) any {
	return func(t testing.TB) any {
		fds, err := unix.Socketpair(unix.AF_UNIX, typ, 0)
		require.NoError(t, err)
		unix.CloseOnExec(fds[0])
		unix.CloseOnExec(fds[1])
		a, b := os.NewFile(uintptr(fds[0]), "a"), os.NewFile(uintptr(fds[1]), "b")
		t.Cleanup(func() { _, _ = a.Close(), b.Close() })
		return a
	}
}

func pipe(t testing.TB) any {
	r, w, err := os.Pipe()
	require.NoError(t, err)
	t.Cleanup(func() { _, _ = r.Close(), w.Close() })
	return r
}

func regularFile(t testing.TB) any {
	path := filepath.Join(t.TempDir(), "f")
	require.NoError(t, os.WriteFile(path, []byte("text"), 0o600))
	return openFile(t, path)
}

func openFile(t testing.TB, path string) any {
	f, err := os.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// unrefedChannel returns a channel whose peer sends nothing. It does not keep the loop alive.
func unrefedChannel(t testing.TB, l *reactor.Loop) *ipc.Channel {
	t.Helper()
	c, _ := newChannel(t, l, nil)
	c.Unref()
	return c
}

// received makes v a Handle of type typ, with a descriptor of its own.
func received(t testing.TB, c *ipc.Channel, v any, typ, key string) *ipc.Handle {
	t.Helper()
	h, err := ipc.ReceiveHandle(c, typ, "", key, dup(t, v))
	require.NoError(t, err)
	t.Cleanup(func() { _ = h.Close() })
	return h
}

// dup returns a duplicate of v's descriptor.
func dup(t testing.TB, v any) int {
	t.Helper()
	fd, dupErr := -1, error(nil)
	control(t, v, func(p int) { fd, dupErr = unix.FcntlInt(uintptr(p), unix.F_DUPFD_CLOEXEC, 0) })
	require.NoError(t, dupErr)
	return fd
}

// flags returns the status flags (F_GETFL) and descriptor flags (F_GETFD) of v.
func flags(t testing.TB, v any) (status, descriptor int) {
	t.Helper()
	control(t, v, func(fd int) {
		status, _ = unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
		descriptor, _ = unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	})
	return status, descriptor
}

// control calls fn with v's descriptor; v may be a bare one.
func control(t testing.TB, v any, fn func(fd int)) {
	t.Helper()
	if fd, ok := v.(int); ok {
		fn(fd)
		return
	}
	raw, err := v.(syscall.Conn).SyscallConn()
	require.NoError(t, err)
	require.NoError(t, raw.Control(func(fd uintptr) { fn(int(fd)) }))
}

func closeFD(t testing.TB, fd int) {
	t.Helper()
	require.NoError(t, unix.Close(fd))
}

// readable reports whether bytes have come.
func (p *peer) readable() bool {
	p.t.Helper()
	return fdtest.Readable(p.t, p.fd, 0)
}
