package fd

import "golang.org/x/sys/unix"

func splice(src, dst, n int) (int64, error) {
	moved, err := unix.Splice(src, nil, dst, nil, n, unix.SPLICE_F_MOVE|unix.SPLICE_F_NONBLOCK)
	return int64(moved), err // Its type depends on the architecture.
}

func setPipeSize(fd, size int) error {
	_, err := unix.FcntlInt(uintptr(fd), unix.F_SETPIPE_SZ, size)
	return err
}
