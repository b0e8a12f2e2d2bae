package fd

import "golang.org/x/sys/unix"

// Close closes descriptors that are the caller's. Negative numbers, which stand for none, are
// skipped. It returns no error: the descriptor is gone whatever close(2) says, and what could be
// lost, such as bytes of a file on a network, is not what these packages write.
func Close(fds ...int) {
	for _, fd := range fds {
		if fd >= 0 {
			_ = unix.Close(fd) // See above.
		}
	}
}

// Duplicate returns another descriptor of fd's open file description, with the lowest free number
// that is not below lowest. It borrows fd. The caller must Close the duplicate. The two share the
// mode, blocking or not. See fcntl(2), F_DUPFD_CLOEXEC.
func Duplicate(fd, lowest int) (int, error) {
	return unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, lowest)
}

// SetNonblock puts fd into non-blocking mode, or into blocking mode. The mode belongs to the open
// file description: it changes for everybody who has a duplicate, in other processes too. See
// fcntl(2), O_NONBLOCK.
func SetNonblock(fd int, on bool) error { return unix.SetNonblock(fd, on) }
