package ipc_test

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/streams"
)

func TestAHandleBecomesTheObjectsOfItsKind(t *testing.T) {
	for _, object := range objects() {
		if object.typ == "" {
			continue
		}
		t.Run(object.name, func(t *testing.T) {
			leakcheck.NoNewFDs(t)
			l := newLoop(t)
			c := unrefedChannel(t, l)
			v := object.create(t)
			for name, conversion := range map[string]struct {
				possible bool
				convert  func(h *ipc.Handle) (any, error)
			}{
				"Listener":   {object.listens, func(h *ipc.Handle) (any, error) { return h.Listener() }},
				"Conn":       {object.connects, func(h *ipc.Handle) (any, error) { return h.Conn() }},
				"PacketConn": {object.receives, func(h *ipc.Handle) (any, error) { return h.PacketConn() }},
				"File":       {true, func(h *ipc.Handle) (any, error) { return h.File() }},
				"Duplex":     {object.connects, func(h *ipc.Handle) (any, error) { return h.Duplex(nil) }},
			} {
				h := received(t, c, v, object.typ, "")
				require.Equal(t, object.typ, h.Type())
				made, err := conversion.convert(h)
				if !conversion.possible {
					require.ErrorIs(t, err, ipc.ErrHandleKind, name)
					require.False(t, h.Used(), name)
					require.NoError(t, h.Close())
					continue
				}
				require.NoError(t, err, name)
				require.True(t, h.Used(), name)
				require.Zero(t, ipc.OpenHandles(c), name)
				for other, again := range map[string]func() error{
					"Listener":   func() error { _, err := h.Listener(); return err },
					"Conn":       func() error { _, err := h.Conn(); return err },
					"PacketConn": func() error { _, err := h.PacketConn(); return err },
					"File":       func() error { _, err := h.File(); return err },
					"Duplex":     func() error { _, err := h.Duplex(nil); return err },
				} {
					err := again()
					require.ErrorIs(t, err, ipc.ErrHandleUsed, "%s, then %s", name, other)
					require.ErrorIs(t, err, os.ErrClosed)
					e, ok := errors.AsType[*ipc.HandleError](err)
					require.True(t, ok)
					require.Equal(t, other, e.Op)
				}
				require.NoError(t, h.Close(), "Close after it was used")
				if d, ok := made.(*streams.Duplex); ok {
					d.Destroy(nil)
					require.NoError(t, l.Run())
					continue
				}
				status, descriptor := flags(t, made)
				require.NotZero(t, descriptor&unix.FD_CLOEXEC, name)
				if name != "File" {
					require.NotZero(t, status&unix.O_NONBLOCK, name)
				}
				require.NoError(t, made.(io.Closer).Close())
			}
		})
	}
}

func TestAFileKeepsTheModeOfItsDescription(t *testing.T) {
	leakcheck.NoNewFDs(t)
	c := unrefedChannel(t, newLoop(t))
	for _, nonblock := range []bool{false, true} {
		v := socketPairFile(unix.SOCK_STREAM)(t)
		fd := dup(t, v)
		require.NoError(t, unix.SetNonblock(fd, nonblock))
		h, err := ipc.ReceiveHandle(c, "net.Native", "", "", fd)
		require.NoError(t, err)
		f, err := h.File()
		require.NoError(t, err)
		status, _ := flags(t, f)
		require.Equal(t, nonblock, status&unix.O_NONBLOCK != 0)
		require.Equal(t, "net.Native", f.Name())
		require.NoError(t, f.Close())
	}
}

func TestAReceivedListenerAcceptsAndLeavesThePath(t *testing.T) {
	leakcheck.NoNewFDs(t)
	c := unrefedChannel(t, newLoop(t))
	path := filepath.Join(t.TempDir(), "s")
	original, err := net.Listen("unix", path)
	require.NoError(t, err)
	original.(*net.UnixListener).SetUnlinkOnClose(false)
	h := received(t, c, original, "net.Server", "")
	require.NoError(t, original.Close())
	ln, err := h.Listener()
	require.NoError(t, err)
	accepted, dialled := connect(t, ln)
	_, err = dialled.Write([]byte("x"))
	require.NoError(t, err)
	_, err = accepted.Read(make([]byte, 1))
	require.NoError(t, err)
	require.NoError(t, accepted.Close())
	require.NoError(t, dialled.Close())
	require.NoError(t, ln.Close())
	require.FileExists(t, path)
}

func TestAReceivedPacketConnSharesTheSocket(t *testing.T) {
	leakcheck.NoNewFDs(t)
	c := unrefedChannel(t, newLoop(t))
	original := packetConn("udp4", "127.0.0.1:0")(t).(net.PacketConn)
	conn, err := received(t, c, original, "dgram.Socket", "").PacketConn()
	require.NoError(t, err)
	require.Equal(t, original.LocalAddr(), conn.LocalAddr())
	_, err = conn.WriteTo([]byte("to itself"), original.LocalAddr())
	require.NoError(t, err)
	got := make([]byte, 64)
	n, from, err := original.ReadFrom(got)
	require.NoError(t, err)
	require.Equal(t, "to itself", string(got[:n]))
	require.Equal(t, conn.LocalAddr(), from)
	require.NoError(t, conn.Close())
}

func TestAReceivedDuplexHasWhatWasSentBefore(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := newLoop(t)
	c := unrefedChannel(t, l)
	accepted, dialled := connect(t, listener("tcp4", "127.0.0.1:0")(t).(net.Listener))
	_, err := dialled.Write([]byte("pending"))
	require.NoError(t, err)
	h := received(t, c, accepted, "net.Socket", "")
	require.NoError(t, accepted.Close())
	d, err := h.Duplex(l)
	require.NoError(t, err)
	require.NoError(t, dialled.(*net.TCPConn).CloseWrite())
	var got string
	d.Readable.OnText(func(text string) { got += text })
	d.Readable.OnEnd(func() { d.Writable.End() })
	require.NoError(t, l.Run())
	require.Equal(t, "pending", got)
	_, err = dialled.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
}

func TestUnusableDescriptorsAreRefusedAndClosed(t *testing.T) {
	leakcheck.NoNewFDs(t)
	c := unrefedChannel(t, newLoop(t))
	refused := func(typ string, v any) {
		t.Helper()
		fd := dup(t, v)
		h, err := ipc.ReceiveHandle(c, typ, "", "", fd)
		require.Nil(t, h)
		require.ErrorIs(t, err, ipc.ErrHandleType, "%s %T", typ, v)
		require.False(t, isOpen(fd), "%s %T", typ, v)
	}
	for _, typ := range []string{"", "net.server", "tty", "NODE_HANDLE", "net.Socket "} {
		refused(typ, unixConnection(t))
	}
	for _, object := range objects() {
		if object.typ == "" {
			refused("net.Native", object.create(t))
		}
	}
	_, err := ipc.ReceiveHandle(c, "net.Native", "", "", -1)
	require.ErrorIs(t, err, ipc.ErrHandleType)
}

func TestAConversionThatTheSystemRefusesClosesTheHandle(t *testing.T) {
	for name, convert := range map[string]func(c *ipc.Channel) (h *ipc.Handle, try func() error){
		"Listener": func(c *ipc.Channel) (*ipc.Handle, func() error) {
			h := received(t, c, unixListener(t), "net.Server", "")
			return h, func() error { _, err := h.Listener(); return err }
		},
		"Conn": func(c *ipc.Channel) (*ipc.Handle, func() error) {
			h := received(t, c, unixConnection(t), "net.Socket", "key")
			return h, func() error { _, err := h.Conn(); return err }
		},
		"PacketConn": func(c *ipc.Channel) (*ipc.Handle, func() error) {
			h := received(t, c, packetConn("udp4", "127.0.0.1:0")(t), "dgram.Socket", "")
			return h, func() error { _, err := h.PacketConn(); return err }
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := unrefedChannel(t, newLoop(t))
			h, try := convert(c)
			before := len(leakcheck.FDs())
			withoutFreeFDs(t, func() {
				err := try()
				require.ErrorIs(t, err, unix.EMFILE)
				require.IsType(t, &ipc.HandleError{}, err)
			})
			require.True(t, h.Used())
			require.Len(t, leakcheck.FDs(), before-1)
		})
	}
}

func TestUnusedHandlesAreClosedWithTheLoop(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := newLoop(t)
	c := unrefedChannel(t, l)
	conn := unixConnection(t)
	_, err := ipc.ReceiveHandle(c, "net.Socket", "", "key", dup(t, conn))
	require.NoError(t, err)
	h, err := ipc.ReceiveHandle(c, "net.Socket", "", "", dup(t, conn))
	require.NoError(t, err)
	require.NoError(t, l.Close())
	require.True(t, h.Used())
	fd := dup(t, conn)
	_, err = ipc.ReceiveHandle(c, "net.Socket", "", "", fd)
	require.Error(t, err)
	require.False(t, isOpen(fd))
}
