//go:build dragonfly || freebsd || linux || netbsd || openbsd

package reactor

import "golang.org/x/sys/unix"

func wakeupPipe() (r, w int, err error) {
	var fds [2]int
	err = unix.Pipe2(fds[:], unix.O_CLOEXEC|unix.O_NONBLOCK)
	return fds[0], fds[1], err
}
