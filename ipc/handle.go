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
// PacketConn, File, Duplex and Detach each return a new owner of the descriptor, and leave the
// Handle closed. The descriptor decides which of them works, not [Handle.Type], which is the peer's
// word for it. If the descriptor is of another kind, they return a *[HandleError] with
// [ErrHandleKind], and the Handle stays as it was. If the system refuses (EMFILE), the error has
// its reason and the Handle is closed.
//
// The sender shares the open file description while it keeps its own descriptor; other processes
// usually share a listener for good. Listener, Conn, PacketConn, Duplex and Detach set O_NONBLOCK
// on it, for all of them; File does not.
//
// If a callback does not call [Message.Handle], the handle is closed when the callback returns.
// Otherwise the caller must use or Close the Handle; it is closed with the loop at the latest. The
// objects of packages net and os that are made of it may be used on any goroutine, and the caller
// must Close them; a Duplex belongs to its loop. All are close-on-exec.
//
// A Handle's methods must be called on the loop goroutine.
type Handle struct {
	hub       *hub       // lists it in hub.handles until it is used or closed
	typ       string     // the peer's word: one of the wire types
	dgramType string     // "udp4" or "udp6" of a datagramKind
	kind      handleKind // the system's word
	fd        int        // owned; -1 once used or closed
	// the count of the sender's Server, released with the connection; nil: not counted
	counted *socketlist.Counted
}

// newHandle returns a Handle for right, a received descriptor. It takes ownership of right, also on
// error. Errors are *HandleError.
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
		if !kind.fits(typ) {
			// Listener and PacketConn return objects that cannot release it. The key is known from
			// here on, so the sender's questions get answers.
			h.counted.Release()
			h.counted = nil
		}
	}
	c.hub.handles[h] = struct{}{}
	return h, nil
}

// Type returns the type that the sender gave: "net.Server", "net.Socket", "dgram.Socket";
// "net.Native" and "dgram.Native" for descriptors without such an object around them, such as an
// *os.File; "brood.File" for a [File].
func (h *Handle) Type() string { return h.typ }

// Listener returns the listening socket as a *net.TCPListener or *net.UnixListener. Closing a
// *net.UnixListener does not remove its path. Other processes that share the socket accept from it
// too; each connection goes to one of them.
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

// Conn returns the connection as a *net.TCPConn or *net.UnixConn. If a server of the sender has
// accepted and counts it, Conn returns a *[TCPConn] or *[UnixConn], whose Close takes it off the
// count. Bytes that came over the connection before can still be read, unless the sender has read
// them.
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

// PacketConn returns the UDP socket as a *net.UDPConn. Other processes that share the socket
// receive from it too; each datagram goes to one of them.
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

// File returns the descriptor, of any kind, as a file named after [Handle.Type], in the blocking or
// non-blocking mode that it has. The sender's Server stops counting a connection that became a
// file.
func (h *Handle) File() (*os.File, error) {
	if h.fd < 0 {
		return nil, &HandleError{Op: "File", Type: h.typ, Err: ErrHandleUsed}
	}
	f := os.NewFile(uintptr(h.take()), h.typ)
	h.counted.Release()
	return f, nil
}

// Duplex returns the connection as two streams on l; nil: the channel's loop. The sender's Server
// counts it until both are closed.
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
		fd.Close(socket) // On error the caller keeps it.
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

// Close closes a Handle that was not used; otherwise it does nothing. It always returns nil.
func (h *Handle) Close() error {
	if h.fd >= 0 {
		fd.Close(h.take())
		h.counted.Release()
	}
	return nil
}

// prepare checks that the descriptor is there and of that kind, and sets O_NONBLOCK. If the system
// refuses that, it closes the Handle.
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

// netFile returns the descriptor as a file for package net, whose functions duplicate it. The
// caller must Close the file.
func (h *Handle) netFile(op string, kind handleKind) (*os.File, error) {
	if err := h.prepare(op, kind); err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(h.take()), h.typ), nil
}

// take returns the descriptor, which the caller then owns.
func (h *Handle) take() int {
	fd := h.fd
	h.fd = -1
	delete(h.hub.handles, h)
	return fd
}
