//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package fd

import "golang.org/x/sys/unix"

// domain reads the socket's address, because only some of these systems have SO_DOMAIN.
func domain(fd int) (int, error) {
	a, err := unix.Getsockname(fd)
	if err != nil {
		return 0, err
	}
	switch a.(type) {
	case *unix.SockaddrInet4:
		return unix.AF_INET, nil
	case *unix.SockaddrInet6:
		return unix.AF_INET6, nil
	case *unix.SockaddrUnix:
		return unix.AF_UNIX, nil
	}
	return unix.AF_UNSPEC, nil
}
