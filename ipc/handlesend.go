package ipc

import (
	"errors"
	"fmt"
	"net"
	"os"
	"reflect"
	"syscall"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/ipc/socketlist"
)

// outgoing is a descriptor on its way to the peer. The channel owns it, fd included, from
// openOutgoing until close.
type outgoing struct {
	typ       string // the type for the peer: wireServer, …
	dgramType string // "udp4" or "udp6" when typ is wireDgram
	key       string // the key under which the peer counts it; "": it does not
	fd        int    // a duplicate, close-on-exec; -1 once closed

	// retransmit: if the descriptor does not arrive it is sent again, because the sender's object
	// is closed once it was sent.
	retransmit bool

	// received is SendOptions.Received; nil without one, and once it was called.
	received func(error)

	// sent is called once, when the kernel has taken the descriptor: it counts a connection as
	// sent, and closes the sender's object unless that stays open. It is not called if the message
	// is given up before. It sends nothing itself. nil once called.
	sent func()

	// done is called once, by close: with true if the peer has acknowledged the handle, with false
	// if the handle was given up, sent or not.
	done func(ok bool)
}

// sendingObject is the value of SendOptions.Handle with the kind of its descriptor.
type sendingObject struct {
	value  any
	kind   handleKind
	family string // "udp4" or "udp6" for datagrams
}

// openOutgoing duplicates the descriptor of v for a message that is sent or queued now.
//
// It returns nil and no error if there is no descriptor to send: v is nil, a nil *Handle or closed,
// or a message sent before will close v, which comes to the same. The message then goes without a
// handle, as in Node (v20, lib/internal/child_process.js, target._send). Every error is a
// *HandleError: v is of a type that cannot be sent, v is a nil pointer, or the system refuses to
// duplicate. Nothing was done then.
//
// Unless keepOpen is set, a net.Conn, or the *Handle of a connection, is closed when the frame goes
// out. The connection lives on in the duplicate. Listeners, packet connections and files stay open,
// and the sender's own.
func (c *Channel) openOutgoing(v any, keepOpen bool) (*outgoing, error) {
	if h, ok := v.(*Handle); ok && h == nil || v == nil || c.hub.isDetaching(v) {
		return nil, nil
	}
	copied, err := duplicate(v)
	if err != nil || copied < 0 {
		return nil, err
	}
	o, err := c.describe(v, copied, keepOpen)
	if err != nil {
		fd.Close(copied)
		return nil, err
	}
	return o, nil
}

// describe returns the outgoing of fd, the duplicate of v's descriptor, with its type for the peer.
func (c *Channel) describe(v any, fd int, keepOpen bool) (*outgoing, error) {
	if d, ok := v.(Descriptor); ok {
		return d.describe(fd, keepOpen)
	}
	object := sendingObject{value: v}
	if _, ok := v.(Native); ok {
		object.kind, object.family = nativeKindOf(fd)
	} else {
		object.kind, object.family = kindOf(fd)
	}
	typ := object.wireType()
	if typ == "" {
		return nil, sendError(v, ErrHandleType)
	}
	o := &outgoing{typ: typ, fd: fd, retransmit: typ == wireSocket && !keepOpen}
	if typ == wireDgram {
		o.dgramType = object.family
	}
	var server *socketlist.Server
	if typ == wireSocket {
		if server = c.hub.sockets.ServerOf(v); server != nil {
			o.key = server.Key()
		}
	}
	c.track(o, v, server)
	return o, nil
}

// track sets o's callbacks. server is the Server that counts v; nil: none.
func (c *Channel) track(o *outgoing, v any, server *socketlist.Server) {
	detach := o.retransmit
	if detach {
		c.hub.setDetaching(v)
	}
	var arrive func(ok bool)
	o.sent = func() {
		if server != nil && !c.hub.closed {
			// First, because the connection must be counted somewhere at every moment.
			arrive = c.socketPeer().Sent(server)
		}
		if detach {
			c.hub.unsetDetaching(v)
			detachObject(v)
		}
	}
	o.done = func(ok bool) {
		if detach {
			c.hub.unsetDetaching(v) // If v was not sent, the sender keeps it.
		}
		if arrive != nil {
			arrive(ok)
		}
	}
}

// detachObject closes v here. The duplicate keeps the connection up.
func detachObject(v any) {
	switch v := v.(type) {
	case *Handle:
		_ = v.Close() // It returns no error.
	case net.Conn:
		// Best effort: it may have been closed since. Bytes that were written to it are not lost.
		_ = v.Close()
	}
}

// wireType returns the type for the peer, "" if the peer could not use the descriptor.
func (o *sendingObject) wireType() string {
	_, file := o.value.(File)
	switch {
	case o.kind == fileKind && file:
		return wireFile
	case o.kind == fileKind || o.kind == otherKind || file:
		return ""
	}
	if h, ok := o.value.(*Handle); ok {
		if o.kind.fits(h.typ) {
			return h.typ
		}
		return o.kind.native() // The process that it came from gave it another type.
	}
	_, listener := o.value.(net.Listener)
	_, packets := o.value.(net.PacketConn) // Also a *net.UnixConn, of any type of socket.
	_, conn := o.value.(net.Conn)          // Also a *net.UDPConn.
	switch {
	case o.kind == listenerKind && listener:
		return wireServer
	case o.kind == streamKind && conn:
		return wireSocket
	case o.kind == datagramKind && packets:
		return wireDgram
	case listener || packets || conn:
		return ""
	}
	return o.kind.native()
}

// duplicate returns a close-on-exec duplicate of v's descriptor, -1 if v is closed. It uses
// SyscallConn, because File and Fd change the mode of the open file description.
func duplicate(v any) (int, error) {
	if h, ok := v.(*Handle); ok {
		if h.fd < 0 {
			return -1, nil
		}
		copied, err := fd.Duplicate(h.fd, 0)
		return copied, sendError(v, err)
	}
	if n, ok := v.(Native); ok {
		return duplicateDescriptor(v, int(n))
	}
	if d, ok := v.(Descriptor); ok {
		return duplicateDescriptor(v, d.FD)
	}
	if f, ok := v.(File); ok {
		v = f.File
	}
	conn, ok := v.(syscall.Conn)
	if !ok {
		return -1, sendError(v, ErrHandleType)
	}
	if p := reflect.ValueOf(v); p.Kind() == reflect.Pointer && p.IsNil() {
		return -1, sendError(v, errNilHandle)
	}
	copied, dupErr := -1, error(nil)
	raw, err := conn.SyscallConn()
	if err == nil {
		err = raw.Control(func(p uintptr) { copied, dupErr = fd.Duplicate(int(p), 0) })
	}
	if err != nil {
		if isClosed(v, err) {
			return -1, nil
		}
		return -1, sendError(v, err)
	}
	return copied, sendError(v, dupErr)
}

// isClosed reports whether err, from SyscallConn or Control, means that v is closed. The error of
// an *os.File is none that errors.Is would find (Go 1.26, os.rawConn), but it has no other reason.
func isClosed(v any, err error) bool {
	_, file := v.(*os.File)
	return file || errors.Is(err, net.ErrClosed) || errors.Is(err, os.ErrClosed)
}

// isDetaching reports whether a queued message will close v. For values that cannot be compared it
// reports false.
func (h *hub) isDetaching(v any) bool {
	if !reflect.ValueOf(v).Comparable() {
		return false
	}
	_, ok := h.detaching[v]
	return ok
}

func (h *hub) setDetaching(v any) {
	if reflect.ValueOf(v).Comparable() {
		h.detaching[v] = struct{}{}
	}
}

func (h *hub) unsetDetaching(v any) {
	if reflect.ValueOf(v).Comparable() {
		delete(h.detaching, v)
	}
}

// sendError wraps err, the reason why v cannot be sent. nil in, nil out.
func sendError(v any, err error) error {
	if err == nil {
		return nil
	}
	return &HandleError{Op: "send", Type: fmt.Sprintf("%T", v), Err: err}
}
