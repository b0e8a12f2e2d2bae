//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package cluster

import "golang.org/x/sys/unix"

// reuse lets several UDP sockets bind one address, like libuv's reuseAddr: the BSDs need
// SO_REUSEPORT for that.
func reuse(socket int) error {
	return unix.SetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
}
