package cluster

import "golang.org/x/sys/unix"

// reuse lets several sockets have a UDP address, as libuv does it for reuseAddr.
func reuse(socket int) error {
	return unix.SetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
}
