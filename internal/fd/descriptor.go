package fd

import "golang.org/x/sys/unix"

// Close closes descriptors that the caller owns. It skips negative numbers, which stand for none.
// It returns no error, because the descriptor is gone whatever close(2) says, and the only loss
// that close(2) can report, such as bytes of a file on a network, does not concern these packages.
func Close(fds ...int) {
	for _, fd := range fds {
		if fd >= 0 {
			_ = unix.Close(fd) // See above.
		}
	}
}

// Duplicate returns another descriptor of fd's open file description, with the lowest free number
// that is at least lowest. It borrows fd. The caller must Close the duplicate. Both have the same
// mode, blocking or not. See fcntl(2), F_DUPFD_CLOEXEC.
func Duplicate(fd, lowest int) (int, error) {
	return unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, lowest)
}

// SetNonblock puts fd into non-blocking mode, or into blocking mode. The mode belongs to the open
// file description, so it changes for everyone who has a duplicate, in other processes too. See
// fcntl(2), O_NONBLOCK.
func SetNonblock(fd int, on bool) error { return unix.SetNonblock(fd, on) }
