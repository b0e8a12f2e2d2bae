//go:build unix

package pty

import (
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

// A platform supplies:
//
//	func open() (master, slave int, err error)   both close-on-exec, the slave in blocking mode; opens nothing on an error

// A Size is the size of a terminal, in characters.
type Size struct {
	Rows, Cols uint16 // 0: never set
}

// Open opens a new terminal of that size. The caller must Close both descriptors. The master is in
// non-blocking mode; the slave is in blocking mode, as programs expect of their standard
// descriptors. While no process has the slave open, a read from the master may fail.
//
// ENOENT means that there are no terminals here, as in a container without /dev/ptmx, ENOSPC that
// there are too many.
func Open(s Size) (master, slave int, err error) {
	if master, slave, err = open(); err != nil {
		return -1, -1, err
	}
	if err = fd.SetNonblock(master, true); err == nil {
		err = SetSize(master, s)
	}
	if err != nil {
		fd.Close(master, slave)
		return -1, -1, err
	}
	return master, slave, nil
}

// SetSize changes the size of the terminal that n is a side of. If the size is a new one, the
// terminal's foreground process group gets SIGWINCH. It borrows n. See ioctl_tty(2), TIOCSWINSZ.
func SetSize(n int, s Size) error {
	for {
		err := unix.IoctlSetWinsize(n, unix.TIOCSWINSZ, &unix.Winsize{Row: s.Rows, Col: s.Cols})
		if err != unix.EINTR {
			return err
		}
	}
}

// SizeOf returns the size of the terminal that n is a side of. It borrows n.
func SizeOf(n int) (Size, error) {
	w, err := unix.IoctlGetWinsize(n, unix.TIOCGWINSZ)
	if err != nil {
		return Size{}, err
	}
	return Size{w.Row, w.Col}, nil
}
