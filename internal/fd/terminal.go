package fd

import "golang.org/x/sys/unix"

// A platform supplies:
//
//	func isMaster(fd int) bool                                  whether fd is the master of a terminal
//	func reopen(fd int, kind uint32, access int) (int, error)   in non-blocking mode, close-on-exec; EOPNOTSUPP if it cannot
//	func replace(fd, other int) error                           dup2(2) of other to fd, close-on-exec

// IsTerminal reports whether fd is a terminal, or the master of one. See tty(4).
func IsTerminal(fd int) bool {
	_, err := unix.IoctlGetWinsize(fd, unix.TIOCGWINSZ)
	return err == nil
}

// IsMaster reports whether fd is the master of a pseudo-terminal, see pty(7). It is false on
// systems that cannot tell.
func IsMaster(fd int) bool { return isMaster(fd) }

// Replace makes the number fd refer to the file of other, and closes other. The file that fd
// referred to is closed. fd is still the caller's. On an error nothing has changed, and other is
// still the caller's, too.
func Replace(fd, other int) error {
	if err := replace(fd, other); err != nil {
		return err
	}
	Close(other)
	return nil
}

// Reopen opens the terminal, pipe or FIFO that fd refers to once more: with the same access mode
// and file status flags, but with an open file description of its own. So its mode, blocking or
// not, concerns nobody else. It borrows fd. The caller must Close the result.
//
// EOPNOTSUPP means that fd cannot be opened again: a socket; the master of a terminal, which would
// become another terminal; a file, which would get an offset of its own; a pipe, on systems other
// than Linux. A terminal or a pipe may also be refused, such as one of another user (EACCES), or if
// /proc is missing (ENOENT).
func Reopen(fd int, nonblock bool) (int, error) {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return -1, err
	}
	kind := uint32(st.Mode) & unix.S_IFMT
	if kind != unix.S_IFIFO && (kind != unix.S_IFCHR || !IsTerminal(fd) || IsMaster(fd)) {
		return -1, unix.EOPNOTSUPP
	}
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	if err != nil {
		return -1, err
	}
	// In non-blocking mode open(2) waits neither for the other side of a FIFO nor for a modem's
	// carrier.
	again, err := reopen(fd, kind, flags&unix.O_ACCMODE)
	if err != nil {
		return -1, err
	}
	flags = flags &^ (unix.O_NONBLOCK | unix.O_ASYNC)
	if nonblock {
		flags |= unix.O_NONBLOCK
	}
	if _, err = unix.FcntlInt(uintptr(again), unix.F_SETFL, flags); err == nil && hungUp(fd) {
		// Linux reports the hang-up only to readers that had the FIFO open while it had a writer.
		err = unix.EOPNOTSUPP
	}
	if err != nil {
		Close(again)
		return -1, err
	}
	return again, nil
}

func hungUp(fd int) bool {
	fds := []unix.PollFd{{Fd: int32(fd)}}
	_, err := unix.Poll(fds, 0)
	return err == nil && fds[0].Revents&unix.POLLHUP != 0
}
