package ipc

import (
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

// A Native is the number of a descriptor to send as it is, for protocols that say what to do with
// it in their messages: the peer is told "net.Native" for a stream socket, connected or listening,
// and for a pipe, and "dgram.Native" for a UDP socket. A Node program gets it without a net.Socket
// or net.Server around it. Given as SendOptions.Handle it is borrowed, whatever KeepOpen says: the
// channel sends a duplicate.
//
// An *os.File goes in the same way. But for one that is in non-blocking mode, as those of a loop
// are, os.NewFile has Go's poller watch it too, and whatever happens there wakes the program twice.
type Native int

// nativeKindOf is kindOf where a listener need not be told from a connection: there may be one such
// call for each connection of a server.
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
