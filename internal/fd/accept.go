package fd

import "golang.org/x/sys/unix"

// A platform supplies, with the new descriptor close-on-exec and in non-blocking mode; EINTR is the
// caller's:
//
//	func accept(fd int) (int, error)

// Accept is accept(2) of a listening socket that is in non-blocking mode. The caller must Close the
// connection, which is in non-blocking mode too. A connection that its peer has given up before
// (ECONNABORTED) is skipped.
func Accept(fd int) (conn int, err error) {
	for {
		conn, err = accept(fd)
		if err != unix.EINTR && err != unix.ECONNABORTED {
			return conn, err
		}
	}
}
