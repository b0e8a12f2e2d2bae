package host

import (
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// Bounds of readWhole: the largest file, and the size of a read from a file that does not tell its
// size. Bytes.
const (
	largestFile = 1<<31 - 1
	readChunk   = 64 << 10
)

// openWhole returns the descriptor that a path or a number stands for, and the function that closes
// it. A number is borrowed, and its function does nothing.
func openWhole(of any, flags int, mode uint32) (fd int, done func(), err error) {
	if n, ok := of.(int64); ok {
		return int(n), func() {}, nil
	}
	if fd, err = openFile(fileArgs{of}.path(0), flags, mode); err != nil {
		return fd, nil, err
	}
	return fd, func() { _ = unix.Close(fd) }, nil // The kernel has all that was written.
}

// readWhole reads a file, or the rest of a descriptor.
func readWhole(of any, flags int) ([]byte, error) {
	fd, done, err := openWhole(of, flags, 0o666) // The flags may include O_CREAT.
	if err != nil {
		return nil, err
	}
	defer done()
	var info unix.Stat_t
	if err := unix.Fstat(fd, &info); err != nil {
		return nil, onPath("fstat", err)
	}
	size := int64(0)
	if info.Mode&unix.S_IFMT == unix.S_IFREG {
		if size = info.Size; size > largestFile {
			return nil, tooLarge(size)
		}
	}
	// One byte more, so that reading the end needs no larger buffer.
	b := make([]byte, 0, max(size+1, 512))
	for {
		if len(b) == cap(b) {
			b = append(make([]byte, 0, max(2*cap(b), readChunk)), b...)
		}
		n, err := readAt(fd, b[len(b):cap(b)], -1)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			return b, nil
		}
		if b = b[:len(b)+n]; len(b) > largestFile {
			return nil, tooLarge(int64(len(b)))
		}
	}
}

func tooLarge(size int64) error {
	return &codedError{"RangeError", "ERR_FS_FILE_TOO_LARGE", fmt.Sprintf("File size (%d) is greater than 2 GiB", size)}
}

// writeWhole writes all of b to a file or a descriptor.
func writeWhole(to any, b []byte, flags int, mode uint32) error {
	fd, done, err := openWhole(to, flags, mode)
	if err != nil {
		return err
	}
	defer done()
	for len(b) > 0 {
		n, err := writeAt(fd, b, -1)
		if err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// Flags of copyFile: those of fs.constants, which are libuv's.
const (
	copyExclusive  = 1
	copyCloneForce = 4
)

// copyFile copies the content and the mode of a file.
func copyFile(from, to string, flags int64) (err error) {
	if flags&copyCloneForce != 0 {
		return unix.ENOTSUP
	}
	source, _, err := openPlain(from, unix.O_RDONLY, 0)
	if err != nil {
		return err
	}
	defer source.Close()
	info, err := source.Stat()
	if err != nil {
		return errnoOf(err)
	}
	if info.IsDir() {
		return unix.EISDIR
	}
	if there, err := os.Stat(to); err == nil && os.SameFile(info, there) && flags&copyExclusive == 0 {
		return nil
	}
	how := unix.O_WRONLY | unix.O_CREAT | unix.O_TRUNC
	if flags&copyExclusive != 0 {
		how |= unix.O_EXCL
	}
	target, isNew, err := openPlain(to, how, uint32(info.Mode().Perm()))
	if err != nil {
		return err
	}
	if _, err = io.Copy(target, copyable(source, info)); err == nil {
		err = target.Chmod(info.Mode().Perm())
	}
	err = errors.Join(err, target.Close())
	if err != nil && isNew {
		_ = unix.Unlink(to) // Best effort: remove half a copy.
	}
	return errnoOf(err)
}

// copyable returns a reader of the content that f has now, because f may grow as fast as it is
// copied. A file of /proc does not tell its size and is read to its end; a device has no end and
// counts as empty.
func copyable(f *os.File, info os.FileInfo) io.Reader {
	if info.Mode().IsRegular() && info.Size() == 0 {
		return f
	}
	return io.LimitReader(f, info.Size())
}

// openPlain opens a file. isNew says that the file was not there before.
func openPlain(path string, flags int, mode uint32) (f *os.File, isNew bool, err error) {
	_, missing := os.Lstat(path)
	var fd int
	err = retry(func() (err error) { fd, err = unix.Open(path, flags|unix.O_CLOEXEC, mode); return err })
	if err != nil {
		return nil, false, err
	}
	return os.NewFile(uintptr(fd), path), missing != nil, nil
}

// errnoOf returns the errno within an error of package os, else err.
func errnoOf(err error) error {
	if e := asSystemError(err); e != nil {
		return e.errno
	}
	return err
}
