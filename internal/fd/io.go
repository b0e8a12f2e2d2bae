package fd

import "golang.org/x/sys/unix"

// A platform supplies, for descriptors that are in non-blocking mode; EINTR is the caller's:
//
//	func readNonblock(fd int, p []byte) (int, error)
//	func writeNonblock(fd int, p []byte) (int, error)
//	func writevNonblock(fd int, pieces [][]byte) (int, error)    may write the first piece alone

// Read is read(2). It waits if fd is in blocking mode and there is nothing to read. 0 without an
// error is the end.
func Read(fd int, p []byte) (int, error) {
	for {
		n, err := unix.Read(fd, p)
		if err != unix.EINTR {
			return max(n, 0), err // x/sys/unix returns -1 with an error.
		}
	}
}

// Write is write(2). It waits if fd is in blocking mode and there is no room, and may write less
// than p.
func Write(fd int, p []byte) (int, error) {
	for {
		n, err := unix.Write(fd, p)
		if err != unix.EINTR {
			return max(n, 0), err
		}
	}
}

// ReadNonblock is [Read] for loops. On Linux it skips the bookkeeping that lets the Go scheduler
// give the thread's processor away.
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

// WriteNonblock is [Write] as ReadNonblock is Read, with the same precondition.
func WriteNonblock(fd int, p []byte) (int, error) {
	for {
		n, err := writeNonblock(fd, p)
		if err != unix.EINTR {
			return max(n, 0), err
		}
	}
}

// WritevNonblock writes pieces, of which there must be one, in order, see writev(2); the
// precondition is that of ReadNonblock. It may write less than all of them: some platforms take the
// first piece only, Linux the first 64.
func WritevNonblock(fd int, pieces [][]byte) (int, error) {
	for {
		n, err := writevNonblock(fd, pieces)
		if err != unix.EINTR {
			return max(n, 0), err
		}
	}
}
