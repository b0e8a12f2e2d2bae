package fd

import (
	"bytes"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

func splice(src, dst, n int) (int64, error) {
	moved, err := unix.Splice(src, nil, dst, nil, n, unix.SPLICE_F_MOVE|unix.SPLICE_F_NONBLOCK)
	return int64(moved), err // The type depends on the architecture.
}

// PipesHaveSizes says that a program can choose how much a pipe holds, see SetPipeSize.
const PipesHaveSizes = true

func setPipeSize(fd, size int) error {
	_, err := unix.FcntlInt(uintptr(fd), unix.F_SETPIPE_SZ, size)
	return err
}

func pipeSize(fd int) (int, error) { return unix.FcntlInt(uintptr(fd), unix.F_GETPIPE_SZ, 0) }

func pipeLimits() (size, user int) {
	return kernelNumber("pipe-max-size"), kernelNumber("pipe-user-pages-soft") * os.Getpagesize()
}

// kernelNumber returns a setting of /proc/sys/fs, 0 if it cannot be read.
func kernelNumber(name string) int {
	text, _ := os.ReadFile("/proc/sys/fs/" + name)
	n, _ := strconv.Atoi(string(bytes.TrimSpace(text)))
	return n
}
