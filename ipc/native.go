package ipc

import (
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

// A Native is the number of a descriptor to send without an object around it, for protocols whose
// messages say its purpose. The peer gets "net.Native" for a stream socket, connected or listening,
// and for a pipe, and "dgram.Native" for a UDP socket; a Node program gets no net.Socket or
// net.Server. SendOptions.Handle borrows the descriptor, regardless of KeepOpen: the channel sends
// a duplicate.
//
// An *os.File is sent in the same way. But os.NewFile adds a non-blocking descriptor, as those of a
// loop are, to Go's poller too, and then each event wakes the program twice.
type Native int

// nativeKindOf is kindOf that takes a listener for a connection. It saves system calls, because a
// server may call it for each connection.
func nativeKindOf(n int) (kind handleKind, dgramType string) {
	typ, err := unix.GetsockoptInt(n, unix.SOL_SOCKET, unix.SO_TYPE)
	if err != nil {
		return kindOf(n) // It may be a pipe.
	}
	domain, err := fd.Domain(n)
	switch {
	case err != nil:
	case typ == unix.SOCK_STREAM && (domain == unix.AF_INET || domain == unix.AF_INET6 || domain == unix.AF_UNIX):
		return streamKind, ""
	case typ == unix.SOCK_DGRAM && domain == unix.AF_INET:
		return datagramKind, "udp4"
	case typ == unix.SOCK_DGRAM && domain == unix.AF_INET6:
		return datagramKind, "udp6"
	}
	return otherKind, ""
}
