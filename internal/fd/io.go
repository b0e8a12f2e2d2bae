package fd

import "golang.org/x/sys/unix"

// A platform supplies, for descriptors in non-blocking mode. These return EINTR to their caller:
//
//	func readNonblock(fd int, p []byte) (int, error)
//	func writeNonblock(fd int, p []byte) (int, error)
//	func writevNonblock(fd int, pieces [][]byte) (int, error)    may write the first piece alone

// Read is read(2). If fd is in blocking mode and nothing can be read, it waits. 0 without an error
// is the end.
func Read(fd int, p []byte) (int, error) {
	for {
		n, err := unix.Read(fd, p)
		if err != unix.EINTR {
			return max(n, 0), err // golang.org/x/sys/unix returns -1 with an error.
		}
	}
}

// Write is write(2). If fd is in blocking mode and there is no room, it waits. It may write less
// than p.
func Write(fd int, p []byte) (int, error) {
	for {
		n, err := unix.Write(fd, p)
		if err != unix.EINTR {
			return max(n, 0), err
		}
	}
}

// ReadNonblock is [Read] for loops. On Linux it skips the bookkeeping by which the Go scheduler
// gives the thread's processor away.
//
// Preconditions:
//   - fd is in non-blocking mode. A call that waited would hold up other goroutines.
func ReadNonblock(fd int, p []byte) (int, error) {
	for {
		n, err := readNonblock(fd, p)
		if err != unix.EINTR {
			return max(n, 0), err
		}
	}
}

// WriteNonblock is [Write] for loops, with the precondition of ReadNonblock.
func WriteNonblock(fd int, p []byte) (int, error) {
	for {
		n, err := writeNonblock(fd, p)
		if err != unix.EINTR {
			return max(n, 0), err
		}
	}
}

// WritevNonblock writes pieces in order, see writev(2). It may write less than all of them: some
// platforms write the first piece only, Linux the first 64.
//
// Preconditions:
//
//   - fd is in non-blocking mode, as for ReadNonblock.
//   - There is at least one piece.
func WritevNonblock(fd int, pieces [][]byte) (int, error) {
	for {
		n, err := writevNonblock(fd, pieces)
		if err != unix.EINTR {
			return max(n, 0), err
		}
	}
}
