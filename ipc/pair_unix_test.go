//go:build dragonfly || freebsd || linux || netbsd || openbsd

package ipc_test

import "golang.org/x/sys/unix"

func streamPair() (a, b int, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	return fds[0], fds[1], err
}
