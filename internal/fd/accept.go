package fd

import "golang.org/x/sys/unix"

// A platform supplies the following. It makes the new descriptor close-on-exec and non-blocking,
// and returns EINTR to its caller:
//
//	func accept(fd int) (int, error)

// Accept is accept(2) of a listening socket. The connection is in non-blocking mode. The caller
// must Close it. A connection that its peer has already given up (ECONNABORTED) is skipped.
//
// Preconditions:
//
//   - fd is in non-blocking mode. A call that waited would hold up other goroutines.
func Accept(fd int) (conn int, err error) {
	for {
		conn, err = accept(fd)
		if err != unix.EINTR && err != unix.ECONNABORTED {
			return conn, err
		}
	}
}
