package ipc

import (
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

// Types of handles on the wire. The native ones are for descriptors without an object around them.
const (
	wireServer      = "net.Server"
	wireSocket      = "net.Socket"
	wireNative      = "net.Native"
	wireDgram       = "dgram.Socket"
	wireDgramNative = "dgram.Native"
	wireFile        = "brood.File" // unknown to Node
)

// handleKind is what the system says that a descriptor is, as opposed to the type in its message.
type handleKind uint8

const (
	// cannot be sent: Node v20 aborts when it receives a device
	otherKind    handleKind = iota
	fileKind                // a regular file, for which Node aborts too: see File
	listenerKind            // a listening stream socket: TCP or AF_UNIX
	streamKind              // any other stream socket: TCP or AF_UNIX
	datagramKind            // a UDP socket
	pipeKind                // one end of a pipe, or a FIFO, which is a pipe to Node
)

// kindOf asks the system what n is. For datagrams it also returns Node's name of the address
// family, "udp4" or "udp6". It asks for a socket first, because most handles are sockets.
func kindOf(n int) (kind handleKind, dgramType string) {
	if typ, err := unix.GetsockoptInt(n, unix.SOL_SOCKET, unix.SO_TYPE); err == nil {
		return socketKind(n, typ)
	}
	var st unix.Stat_t
	if unix.Fstat(n, &st) != nil {
		return otherKind, ""
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		return fileKind, ""
	case unix.S_IFIFO:
		return pipeKind, ""
	}
	return otherKind, ""
}

// socketKind is kindOf of a socket of that type. Of families that Node does not know it returns
// otherKind.
func socketKind(n, typ int) (kind handleKind, dgramType string) {
	domain, err := fd.Domain(n)
	if err != nil {
		return otherKind, ""
	}
	family := ""
	switch domain {
	case unix.AF_INET:
		family = "udp4"
	case unix.AF_INET6:
		family = "udp6"
	case unix.AF_UNIX:
	default:
		return otherKind, ""
	}
	switch {
	case typ == unix.SOCK_DGRAM && family != "":
		return datagramKind, family
	case typ != unix.SOCK_STREAM:
		return otherKind, ""
	case listening(n):
		return listenerKind, ""
	}
	return streamKind, ""
}

// listening reports whether a stream socket listens.
func listening(fd int) bool {
	v, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
	if err == nil {
		return v != 0
	}
	// Darwin does not answer that question. There, Getpeername of a socket that was once connected
	// succeeds or returns EINVAL.
	_, err = unix.Getpeername(fd)
	return err == unix.ENOTCONN
}

// fits reports whether typ is a type on the wire for descriptors of kind k.
func (k handleKind) fits(typ string) bool {
	switch typ {
	case wireServer:
		return k == listenerKind
	case wireSocket:
		return k == streamKind || k == pipeKind
	case wireNative:
		return k == listenerKind || k == streamKind || k == pipeKind
	case wireDgram, wireDgramNative:
		return k == datagramKind
	case wireFile:
		return k == fileKind
	}
	return false
}

// native returns the wire type for a descriptor without an object around it.
func (k handleKind) native() string {
	if k == datagramKind {
		return wireDgramNative
	}
	return wireNative
}

func knownType(typ string) bool {
	switch typ {
	case wireServer, wireSocket, wireNative, wireDgram, wireDgramNative, wireFile:
		return true
	}
	return false
}
