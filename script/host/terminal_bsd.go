//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package host

import "golang.org/x/sys/unix"

// getTermios and setTermiosDrained are the requests of tty(4) for a terminal's settings.
const (
	getTermios        = unix.TIOCGETA
	setTermiosDrained = unix.TIOCSETAW
)

// isTerminal reports whether a descriptor is one of a terminal: termios(4).
func isTerminal(fd int) bool {
	_, err := unix.IoctlGetTermios(fd, getTermios)
	return err == nil
}
