package fd

import "golang.org/x/sys/unix"

// domain reads the address family alone, SO_DOMAIN of socket(7).
func domain(fd int) (int, error) { return unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN) }
