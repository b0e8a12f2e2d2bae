package ipc

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

// A Descriptor is the number of a descriptor to send as what its owner says that it is, for
// programs that have objects of their own around their descriptors. Given as SendOptions.Handle it
// is borrowed: the channel sends a duplicate. Of a connection that was sent, the owner gives up its
// own; with KeepOpen it is not sent again when the peer says that it did not arrive.
type Descriptor struct {
	FD int
	// what the peer gets, as [Handle.Type] has it: "net.Server", "net.Socket", "net.Native",
	// "dgram.Socket" or "dgram.Native"
	Type string

	// Key is that of the server which counts a "net.Socket". The owner asks the peer how many it
	// has, by the messages of package socketlist; empty: nobody counts.
	Key string
}

// describe says what copied, a duplicate of d's descriptor, is to the peer.
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

// String returns what is sent.
func (d Descriptor) String() string { return fmt.Sprintf("%s(%d)", d.Type, d.FD) }

// Kind is what a descriptor is, whatever its sender has called it.
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

// Kind returns what the descriptor is, 0 if it was used or closed.
func (h *Handle) Kind() Kind {
	switch {
	case h.fd < 0:
		return 0
	case h.kind == streamKind && !connected(h.fd):
		return Bound
	}
	return kinds[h.kind]
}

// connected reports whether a stream socket has a peer, or had one. That of a connection which was
// reset has no name any more; but to read from a socket that had none is another error.
func connected(fd int) bool {
	if _, err := unix.Getpeername(fd); err != unix.ENOTCONN {
		return true
	}
	_, _, err := unix.Recvfrom(fd, make([]byte, 1), unix.MSG_PEEK|unix.MSG_DONTWAIT)
	return err != unix.ENOTCONN && err != unix.EINVAL
}

// Detach returns the descriptor itself, in non-blocking mode, which the caller must close. The
// sender's Server no longer counts a connection that is given out so.
func (h *Handle) Detach() (int, error) {
	if err := h.prepare("Detach", h.kind); err != nil {
		return -1, err
	}
	n := h.take()
	h.counted.Release()
	return n, nil
}

// duplicateDescriptor returns a duplicate of a descriptor given by its number.
func duplicateDescriptor(v any, n int) (int, error) {
	copied, err := fd.Duplicate(n, 0)
	return copied, sendError(v, err)
}
