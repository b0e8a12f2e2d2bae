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

// outgoing is a descriptor on its way to the peer. All of it belongs to the channel from the moment
// openOutgoing returned it, fd included.
type outgoing struct {
	typ       string // what the peer is told it gets: wireServer, …
	dgramType string // "udp4" or "udp6" when typ is wireDgram
	key       string // under which the peer is to count it; "": not at all
	fd        int    // a duplicate, close-on-exec; the channel closes it

	// retransmit: the sender's object is gone once this was sent, so what did not arrive is sent
	// again.
	retransmit bool

	// received is SendOptions.Received, until it has been told.
	received func(error)

	// sent is called once, when the kernel has taken the descriptor: from then on the sender's
	// object is detached. It must not be called when the message is given up before. It sends
	// nothing itself.
	sent func()

	// done is called once: with true when the peer has acknowledged the handle, with false when it
	// was given up, sent or not. The channel closes fd.
	done func(ok bool)
}

// sendingObject is a value with a descriptor that can be sent, whatever its type.
type sendingObject struct {
	value  any
	kind   handleKind
	family string // "udp4" or "udp6" for datagrams
}

// openOutgoing duplicates the descriptor of v for a message that is sent now or queued.
//
// It returns nil and no error when there is none to send: v is nil or a nil *Handle, v is closed,
// or a message that was sent before takes v away, which in the end is the same. The message then
// goes without a handle, as it does in Node (v20, lib/internal/child_process.js, target._send).
// Every error is a *HandleError, and nothing was done: v is of no type that can be sent, a nil
// pointer, or the system refuses to duplicate.
//
// Unless keepOpen is set, a net.Conn is closed when the frame goes out. Only this process's
// descriptor is: the connection lives on in the duplicate. Listeners, packet connections and files
// stay open and the sender's own.
func (c *Channel) openOutgoing(v any, keepOpen bool) (*outgoing, error) {
	if h, ok := v.(*Handle); ok && h == nil || v == nil || c.hub.isSending(v) {
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

// describe says what fd, the duplicate of v's descriptor, is to the peer.
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

// track makes o's callbacks. server is the one that counts v, nil when none does.
func (c *Channel) track(o *outgoing, v any, server *socketlist.Server) {
	detach := o.retransmit
	if detach {
		c.hub.setSending(v)
	}
	var arrive func(ok bool)
	o.sent = func() {
		if server != nil && !c.hub.closed {
			// First, so that the connection is counted somewhere at every moment.
			arrive = c.socketPeer().Sent(server)
		}
		if detach {
			c.hub.unsetSending(v)
			detachObject(v)
		}
	}
	o.done = func(ok bool) {
		if detach {
			c.hub.unsetSending(v) // It stays the sender's if it was not sent.
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
		// Best effort: it may have been closed since. Nothing that was written is lost by it.
		_ = v.Close()
	}
}

// wireType returns what the peer is told it gets, "" for what it could not use.
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
		return o.kind.native() // The peer that it came from called it something else.
	}
	_, listener := o.value.(net.Listener)
	_, packets := o.value.(net.PacketConn) // Also a *net.UnixConn, whatever its socket.
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

// duplicate returns a close-on-exec duplicate of v's descriptor, -1 when v is closed. It goes
// through SyscallConn because File and Fd would change the mode of the open file description.
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

// isClosed reports whether err, from SyscallConn or Control, says that v is closed. An *os.File
// does not say it in a way that errors.Is would find (Go 1.26, os.rawConn), but there is no other
// reason for an error.
func isClosed(v any, err error) bool {
	_, file := v.(*os.File)
	return file || errors.Is(err, net.ErrClosed) || errors.Is(err, os.ErrClosed)
}

// isSending reports whether a queued message takes v away. Values that cannot be compared are never
// known to be.
func (h *hub) isSending(v any) bool {
	if !reflect.ValueOf(v).Comparable() {
		return false
	}
	_, ok := h.sending[v]
	return ok
}

func (h *hub) setSending(v any) {
	if reflect.ValueOf(v).Comparable() {
		h.sending[v] = struct{}{}
	}
}

func (h *hub) unsetSending(v any) {
	if reflect.ValueOf(v).Comparable() {
		delete(h.sending, v)
	}
}

func sendError(v any, err error) error {
	if err == nil {
		return nil
	}
	return &HandleError{Op: "send", Type: fmt.Sprintf("%T", v), Err: err}
}
