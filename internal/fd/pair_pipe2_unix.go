//go:build dragonfly || freebsd || linux || netbsd || openbsd

package fd

import "golang.org/x/sys/unix"

func pipe(nonblock bool) (r, w int, err error) {
	flags := unix.O_CLOEXEC
	if nonblock {
		flags |= unix.O_NONBLOCK
	}
	var fds [2]int
	if err := unix.Pipe2(fds[:], flags); err != nil {
		return -1, -1, err
	}
	return fds[0], fds[1], nil
}

func socketPair() (a, b int, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, -1, err
	}
	return fds[0], fds[1], nil
}
