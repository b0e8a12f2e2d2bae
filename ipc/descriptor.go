package ipc

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

// A Descriptor is the number of a descriptor to send with a type that its owner gives, for programs
// with objects of their own around descriptors. SendOptions.Handle borrows it: the channel sends a
// duplicate. Without KeepOpen, the owner must close its own descriptor of a connection once that
// was sent. With KeepOpen, the connection is not sent again when the peer says that it did not
// arrive.
type Descriptor struct {
	// FD is the descriptor, borrowed.
	FD int
	// Type is the type for the peer, see [Handle.Type]: "net.Server", "net.Socket", "net.Native",
	// "dgram.Socket" or "dgram.Native".
	Type string

	// Key is the key of the server that counts a "net.Socket". The owner asks the peer for the
	// count with the messages of package socketlist. Empty: the connection is not counted.
	Key string
}

// describe returns the outgoing of copied, a duplicate of d's descriptor. The error is a
// *HandleError if d.Type does not fit the descriptor.
func (d Descriptor) describe(copied int, keepOpen bool) (*outgoing, error) {
	kind, family := kindOf(copied)
	if !kind.fits(d.Type) || d.Type == wireFile {
		return nil, &HandleError{Op: "send", Type: d.Type, Err: ErrHandleType}
	}
	o := &outgoing{typ: d.Type, fd: copied, retransmit: d.Type == wireSocket && !keepOpen}
	switch d.Type {
	case wireDgram:
		o.dgramType = family
	case wireSocket:
		o.key = d.Key
	}
	return o, nil
}

// String returns a text such as "net.Socket(7)".
func (d Descriptor) String() string { return fmt.Sprintf("%s(%d)", d.Type, d.FD) }

// Kind is the kind of a descriptor as the system sees it, regardless of the sender's type for it.
type Kind uint8

// The kinds of descriptors that come over a channel.
const (
	Listener Kind = iota + 1 // a listening stream socket
	Stream                   // a stream socket that is or was connected
	Datagram                 // a UDP socket
	Pipe                     // one end of a pipe, or a FIFO
	Regular                  // a regular file
	Bound                    // a stream socket that neither listens nor was connected
)

var kinds = map[handleKind]Kind{
	listenerKind: Listener, streamKind: Stream, datagramKind: Datagram, pipeKind: Pipe, fileKind: Regular,
}

// Kind returns the kind of the descriptor, 0 if the Handle was used or closed.
func (h *Handle) Kind() Kind {
	switch {
	case h.fd < 0:
		return 0
	case h.kind == streamKind && !connected(h.fd):
		return Bound
	}
	return kinds[h.kind]
}

// connected reports whether a stream socket is or was connected. Of a reset connection
// getpeername(2) fails as for a socket that never was connected, but recv(2) fails with another
// error.
func connected(fd int) bool {
	if _, err := unix.Getpeername(fd); err != unix.ENOTCONN {
		return true
	}
	_, _, err := unix.Recvfrom(fd, make([]byte, 1), unix.MSG_PEEK|unix.MSG_DONTWAIT)
	return err != unix.ENOTCONN && err != unix.EINVAL
}

// Detach returns the descriptor itself, in non-blocking mode, which the caller must close. The
// sender's Server stops counting a connection that is detached.
func (h *Handle) Detach() (int, error) {
	if err := h.prepare("Detach", h.kind); err != nil {
		return -1, err
	}
	n := h.take()
	h.counted.Release()
	return n, nil
}

// duplicateDescriptor returns a duplicate of n, the descriptor of v. The caller owns it.
func duplicateDescriptor(v any, n int) (int, error) {
	copied, err := fd.Duplicate(n, 0)
	return copied, sendError(v, err)
}
