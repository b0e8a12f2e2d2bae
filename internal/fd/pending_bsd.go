//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package fd

import "golang.org/x/sys/unix"

// fionread is FIONREAD of sys/filio.h.
const fionread = 0x4004667f

// Pending returns how many bytes a read from n would return, 0 where the kernel does not say
// (FIONREAD, ioctl(2)).
func Pending(n int) int {
	bytes, err := unix.IoctlGetInt(n, fionread)
	if err != nil {
		return 0
	}
	return bytes
}
