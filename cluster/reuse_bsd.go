//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package cluster

import "golang.org/x/sys/unix"

// reuse lets several sockets have a UDP address, as libuv does it for reuseAddr: here it takes
// SO_REUSEPORT.
func reuse(socket int) error {
	return unix.SetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
}
