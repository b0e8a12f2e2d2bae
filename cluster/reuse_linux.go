package cluster

import "golang.org/x/sys/unix"

// reuse lets several UDP sockets bind one address, like libuv's reuseAddr.
func reuse(socket int) error {
	return unix.SetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
}
