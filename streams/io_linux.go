package streams

import "golang.org/x/sys/unix"

func readPipeNowait(fd int, p []byte) (int, error) {
	return unix.Preadv2(fd, [][]byte{p}, -1, unix.RWF_NOWAIT)
}

func writePipeNowait(fd int, p []byte) (int, error) {
	return unix.Pwritev2(fd, [][]byte{p}, -1, unix.RWF_NOWAIT)
}
