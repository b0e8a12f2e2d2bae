package ipc

import (
	"net"
	"os"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/ipc/socketlist"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

// A Handle is a descriptor that came with a message. It is used at most once: Listener, Conn,
// PacketConn, File and Duplex each return an object that owns the descriptor from then on, and
// leave a Handle that is closed. What is possible depends on the descriptor and not on
// [Handle.Type], which is the peer's word for it: asked for something else they return a
// *[HandleError] with [ErrHandleKind], and the Handle stays as it was. When the system refuses
// (EMFILE) the error has its reason and the Handle is closed.
//
// The open file description is shared with the sender while that keeps it open, and a listener is
// usually shared with other processes for good. Listener, Conn, PacketConn and Duplex need
// O_NONBLOCK on it and set it for all of them; File leaves it alone.
//
// A Handle that nobody took from its message with [Message.Handle] is closed when the callback
// returns. One that was taken must be used or closed; it is closed with the loop otherwise. What it
// became are ordinary objects of packages net and os: they may be used on any goroutine, and the
// caller must Close them. All are close-on-exec.
//
// A Handle's methods must be called on the loop goroutine.
type Handle struct {
	hub       *hub
	typ       string
	dgramType string
	kind      handleKind
	fd        int // -1 once used or closed
	// where it is counted for the sender's Server, nil when it is not
	counted *socketlist.Counted
}

// newHandle takes ownership of right, a descriptor that was received, also on error.
func (c *Channel) newHandle(typ, dgramType, key string, right int) (*Handle, error) {
	kind, family := kindOf(right)
	if !knownType(typ) || kind == otherKind || (kind == fileKind) != (typ == wireFile) {
		fd.Close(right)
		return nil, &HandleError{Op: "receive", Type: typ, Err: ErrHandleType}
	}
	if c.hub.closed {
		fd.Close(right)
		return nil, &HandleError{Op: "receive", Type: typ, Err: reactor.ErrClosed}
	}
	if family != "" {
		dgramType = family
	}
	h := &Handle{hub: c.hub, typ: typ, dgramType: dgramType, kind: kind, fd: right}
	if typ == wireSocket && key != "" {
		h.counted = c.socketPeer().Receive(key)
	}
	c.hub.handles[h] = struct{}{}
	return h, nil
}

// Type returns what the sender sent: "net.Server", "net.Socket", "dgram.Socket", or "net.Native"
// and "dgram.Native" for descriptors without such an object around them, an *os.File for instance;
// "brood.File" for a [File].
func (h *Handle) Type() string { return h.typ }

// Listener returns the listening socket as a *net.TCPListener or *net.UnixListener. Closing the
// latter does not remove the path. Other processes that have the socket accept from it too, each
// connection goes to one of them.
func (h *Handle) Listener() (net.Listener, error) {
	f, err := h.netFile("Listener", listenerKind)
	if err != nil {
		return nil, err
	}
	ln, err := net.FileListener(f)
	_ = f.Close() // The listener has a duplicate of its own.
	if err != nil {
		return nil, &HandleError{Op: "Listener", Type: h.typ, Err: err}
	}
	if unixListener, ok := ln.(*net.UnixListener); ok {
		unixListener.SetUnlinkOnClose(false) // The path is the sender's.
	}
	return ln, nil
}

// Conn returns the connection as a *net.TCPConn or *net.UnixConn; or, when a server of the sender
// accepted it and counts it, as a *[TCPConn] or *[UnixConn], which are these with another Close.
// What the peer of the connection sent before is still there, except for what the sender has read.
func (h *Handle) Conn() (net.Conn, error) {
	f, err := h.netFile("Conn", streamKind)
	if err != nil {
		return nil, err
	}
	conn, err := net.FileConn(f)
	_ = f.Close() // The connection has a duplicate of its own.
	if err != nil {
		h.counted.Release()
		return nil, &HandleError{Op: "Conn", Type: h.typ, Err: err}
	}
	return socketlist.Count(conn, h.counted), nil
}

// PacketConn returns the UDP socket as a *net.UDPConn. Other processes that have the socket receive
// from it too, each datagram goes to one of them.
func (h *Handle) PacketConn() (net.PacketConn, error) {
	f, err := h.netFile("PacketConn", datagramKind)
	if err != nil {
		return nil, err
	}
	conn, err := net.FilePacketConn(f)
	_ = f.Close() // The socket has a duplicate of its own.
	if err != nil {
		return nil, &HandleError{Op: "PacketConn", Type: h.typ, Err: err}
	}
	return conn, nil
}

// File returns the descriptor, of any kind, as a file named after [Handle.Type]. It is in blocking
// mode or not, as it came. The sender's Server no longer counts a connection that became a file.
func (h *Handle) File() (*os.File, error) {
	if h.fd < 0 {
		return nil, &HandleError{Op: "File", Type: h.typ, Err: ErrHandleUsed}
	}
	f := os.NewFile(uintptr(h.take()), h.typ)
	h.counted.Release()
	return f, nil
}

// Duplex returns the connection as two streams on l, which nil means is the channel's loop. The
// sender's Server counts it until both are closed.
func (h *Handle) Duplex(l *reactor.Loop) (*streams.Duplex, error) {
	if err := h.prepare("Duplex", streamKind); err != nil {
		return nil, err
	}
	if l == nil {
		l = h.hub.loop
	}
	socket := h.take()
	d, err := streams.NewDuplex(l, socket, nil)
	if err != nil {
		fd.Close(socket) // It is still ours then.
		h.counted.Release()
		return nil, &HandleError{Op: "Duplex", Type: h.typ, Err: err}
	}
	if h.counted != nil {
		halves := 2
		closed := func() {
			if halves--; halves == 0 {
				h.counted.Release()
			}
		}
		d.Readable.OnClose(closed)
		d.Writable.OnClose(closed)
	}
	return d, nil
}

// Close closes a Handle that was not used; otherwise it does nothing. It returns nil.
func (h *Handle) Close() error {
	if h.fd >= 0 {
		fd.Close(h.take())
		h.counted.Release()
	}
	return nil
}

// prepare checks that the descriptor is there and of the right kind, and sets O_NONBLOCK.
func (h *Handle) prepare(op string, kind handleKind) error {
	switch {
	case h.fd < 0:
		return &HandleError{Op: op, Type: h.typ, Err: ErrHandleUsed}
	case h.kind != kind:
		return &HandleError{Op: op, Type: h.typ, Err: ErrHandleKind}
	}
	if err := fd.SetNonblock(h.fd, true); err != nil {
		_ = h.Close() // It returns no error.
		return &HandleError{Op: op, Type: h.typ, Err: err}
	}
	return nil
}

// netFile gives the descriptor out for the functions of package net, which duplicate it and leave
// the file to be closed.
func (h *Handle) netFile(op string, kind handleKind) (*os.File, error) {
	if err := h.prepare(op, kind); err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(h.take()), h.typ), nil
}

// take hands the descriptor over to the caller.
func (h *Handle) take() int {
	fd := h.fd
	h.fd = -1
	delete(h.hub.handles, h)
	return fd
}
