package fd

import "golang.org/x/sys/unix"

// A platform supplies the following, and returns EINTR to its caller. An operation that it does not
// have is EOPNOTSUPP; splice may return any error that [Refused] knows:
//
//	func readNowait(fd int, p []byte) (int, error)
//	func writevNowait(fd int, pieces [][]byte) (int, error)    may write the first piece alone
//	func splice(src, dst, n int) (int64, error)
//	func setPipeSize(fd, size int) error
//	func pipeSize(fd int) (int, error)
//	func pipeLimits() (size, user int)
//	const PipesHaveSizes                                       whether setPipeSize can do anything

// ReadNowait is [Read] that does not wait, whatever the mode of fd, which others may change at any
// time. EAGAIN means that there is nothing to read, EOPNOTSUPP that fd cannot be read so. On some
// systems and in some sandboxes that is every descriptor. Linux supports pipes of pipe(2) since
// 6.4. See preadv2(2), RWF_NOWAIT.
func ReadNowait(fd int, p []byte) (int, error) {
	for {
		n, err := readNowait(fd, p)
		if err != unix.EINTR {
			return max(n, 0), err
		}
	}
}

// WritevNowait is [WritevNonblock] that does not wait, whatever the mode of fd, as ReadNowait. See
// pwritev2(2), RWF_NOWAIT.
func WritevNowait(fd int, pieces [][]byte) (int, error) {
	for {
		n, err := writevNowait(fd, pieces)
		if err != unix.EINTR {
			return max(n, 0), err
		}
	}
}

// Splice moves up to n bytes from src to dst, one of which is a pipe, without copying them into the
// program. It does not wait for a pipe, whatever its mode, but may wait for another descriptor in
// blocking mode. 0 without an error is the end of src. EAGAIN may be about either side. An error
// that [Refused] knows means that the system cannot move bytes between these two, or has no
// splice(2).
func Splice(src, dst, n int) (int64, error) {
	for {
		moved, err := splice(src, dst, n)
		if err != unix.EINTR {
			return max(moved, 0), err
		}
	}
}

// SetPipeSize asks for a pipe that holds size bytes. The kernel may refuse it to an unprivileged
// user (EPERM), because it is too large or the user's pipes together have too many pages. On
// systems that enlarge a busy pipe by themselves the error is EOPNOTSUPP. See fcntl(2),
// F_SETPIPE_SZ.
func SetPipeSize(fd, size int) error { return setPipeSize(fd, size) }

// PipeSize returns how many bytes a pipe holds. See fcntl(2), F_GETPIPE_SZ.
func PipeSize(fd int) (int, error) { return pipeSize(fd) }

// PipeLimits returns, in bytes, the most that one pipe of an unprivileged user may hold, and the
// most that all of the user's pipes may hold together: beyond that the user gets smaller ones, in
// every program. 0 means no limit, or unknown. See pipe(7), /proc files.
func PipeLimits() (size, user int) { return pipeLimits() }
