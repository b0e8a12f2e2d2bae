package streams

import "golang.org/x/sys/unix"

// splice moves up to n bytes from one descriptor to another, one of which is a pipe, see splice(2). 0 is the end of src.
func splice(src, dst, n int) (int64, error) {
	for {
		moved, err := unix.Splice(src, nil, dst, nil, n, unix.SPLICE_F_MOVE|unix.SPLICE_F_NONBLOCK)
		if err != unix.EINTR {
			return int64(moved), err // Its type depends on the architecture.
		}
	}
}
