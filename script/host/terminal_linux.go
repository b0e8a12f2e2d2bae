package host

import "golang.org/x/sys/unix"

// getTermios and setTermiosDrained are the requests of ioctl_tty(2) for a terminal's settings.
const (
	getTermios        = unix.TCGETS
	setTermiosDrained = unix.TCSETSW
)

// isTerminal reports whether a descriptor is one of a terminal: termios(3).
func isTerminal(fd int) bool {
	_, err := unix.IoctlGetTermios(fd, getTermios)
	return err == nil
}
