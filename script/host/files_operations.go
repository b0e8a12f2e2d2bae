package host

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// fileOperations are the operations on files, by the names that the library uses.
var fileOperations = sync.OnceValue(func() map[string]fileOperation {
	return map[string]fileOperation{
		"access": {2, func(a fileArgs) (any, error) {
			return nil, onPath("access", unix.Access(a.path(0), a.mode(1)), a.path(0))
		}},
		"exists": {1, func(a fileArgs) (any, error) {
			return retry(func() error { return unix.Access(a.path(0), unix.F_OK) }) == nil, nil
		}},
		"open": {3, func(a fileArgs) (any, error) {
			fd, err := openFile(a.path(0), int(a.int(1)), a.mode(2))
			return newFD(fd), err
		}},
		"close": {1, func(a fileArgs) (any, error) { return nil, onPath("close", unix.Close(a.fd(0))) }},
		"write": {5, func(a fileArgs) (any, error) {
			b, offset, length := a.bytes(1), int(a.int(2)), int(a.int(3))
			if offset < 0 || length < 0 || offset > len(b) || length > len(b)-offset {
				return nil, &codedError{"RangeError", "ERR_OUT_OF_RANGE", "the bytes to be written are not there"}
			}
			return writeAt(a.fd(0), b[offset:offset+length], a.int(4))
		}},
		"readFile":  {2, func(a fileArgs) (any, error) { return readWhole(a[0], int(a.int(1))) }},
		"writeFile": {4, func(a fileArgs) (any, error) { return nil, writeWhole(a[0], a.bytes(1), int(a.int(2)), a.mode(3)) }},
		"stat": {2, func(a fileArgs) (any, error) {
			found, err := readStatus(a.true(1), func(s *fileStatus) error { return s.stat(a.path(0), true) })
			return found, onPath("stat", err, a.path(0))
		}},
		"lstat": {2, func(a fileArgs) (any, error) {
			found, err := readStatus(a.true(1), func(s *fileStatus) error { return s.stat(a.path(0), false) })
			return found, onPath("lstat", err, a.path(0))
		}},
		"fstat": {2, func(a fileArgs) (any, error) {
			found, err := readStatus(a.true(1), func(s *fileStatus) error { return s.fstat(a.fd(0)) })
			return found, onPath("fstat", err)
		}},
		"statfs": {2, func(a fileArgs) (any, error) {
			numbers, err := statFS(a.path(0))
			return integers{numbers, a.true(1)}, onPath("statfs", err, a.path(0))
		}},
		"readdir": {3, func(a fileArgs) (any, error) { return listDirectory(a.path(0), a.true(1), a.true(2)) }},
		"mkdir":   {3, func(a fileArgs) (any, error) { return makeDirectory(a.path(0), a.mode(1), a.true(2)) }},
		"mkdtemp": {1, func(a fileArgs) (any, error) { return makeTemporary(a.path(0)) }},
		"rmdir":   {1, func(a fileArgs) (any, error) { return nil, onPath("rmdir", unix.Rmdir(a.path(0)), a.path(0)) }},
		"unlink":  {1, func(a fileArgs) (any, error) { return nil, onPath("unlink", unix.Unlink(a.path(0)), a.path(0)) }},
		"removeAll": {1, func(a fileArgs) (any, error) {
			if e := asSystemError(os.RemoveAll(a.path(0))); e != nil {
				return nil, onPath("rm", e.errno, e.paths...)
			}
			return nil, nil
		}},
		"rename": {2, func(a fileArgs) (any, error) {
			return nil, onPath("rename", retry(func() error { return unix.Rename(a.path(0), a.path(1)) }), a.path(0), a.path(1))
		}},
		"link": {2, func(a fileArgs) (any, error) {
			return nil, onPath("link", unix.Link(a.path(0), a.path(1)), a.path(0), a.path(1))
		}},
		"symlink": {2, func(a fileArgs) (any, error) {
			return nil, onPath("symlink", unix.Symlink(a.path(0), a.path(1)), a.path(0), a.path(1))
		}},
		"readlink": {1, func(a fileArgs) (any, error) {
			target, err := os.Readlink(a.path(0))
			if e := asSystemError(err); e != nil {
				return nil, onPath("readlink", e.errno, a.path(0))
			}
			return []byte(target), err
		}},
		"realpath": {1, func(a fileArgs) (any, error) { return realPath(a.path(0)) }},
		"resolveLinks": {1, func(a fileArgs) (any, error) {
			found, err := walkLinks(a.path(0), true)
			return []byte(found), err
		}},
		"copyFile": {3, func(a fileArgs) (any, error) {
			return nil, onPath("copyfile", copyFile(a.path(0), a.path(1), a.int(2)), a.path(0), a.path(1))
		}},
		"chmod": {2, func(a fileArgs) (any, error) {
			return nil, onPath("chmod", unix.Chmod(a.path(0), a.mode(1)), a.path(0))
		}},
		"fchmod": {2, func(a fileArgs) (any, error) { return nil, onPath("fchmod", unix.Fchmod(a.fd(0), a.mode(1))) }},
		"chown": {3, func(a fileArgs) (any, error) {
			return nil, onPath("chown", unix.Chown(a.path(0), a.fd(1), a.fd(2)), a.path(0))
		}},
		"lchown": {3, func(a fileArgs) (any, error) {
			return nil, onPath("lchown", unix.Lchown(a.path(0), a.fd(1), a.fd(2)), a.path(0))
		}},
		"fchown": {3, func(a fileArgs) (any, error) {
			return nil, onPath("fchown", unix.Fchown(a.fd(0), a.fd(1), a.fd(2)))
		}},
		"ftruncate": {2, func(a fileArgs) (any, error) { return nil, onPath("ftruncate", unix.Ftruncate(a.fd(0), a.int(1))) }},
		"fsync":     {1, func(a fileArgs) (any, error) { return nil, onPath("fsync", unix.Fsync(a.fd(0))) }},
		"fdatasync": {1, func(a fileArgs) (any, error) { return nil, onPath("fdatasync", dataSync(a.fd(0))) }},
		"utimes":    {3, func(a fileArgs) (any, error) { return nil, onPath("utime", setTimes(a.path(0), a, 0), a.path(0)) }},
		"lutimes": {3, func(a fileArgs) (any, error) {
			return nil, onPath("lutime", setTimes(a.path(0), a, unix.AT_SYMLINK_NOFOLLOW), a.path(0))
		}},
		"futimes": {3, func(a fileArgs) (any, error) {
			times := []unix.Timeval{unix.NsecToTimeval(a.int(1)), unix.NsecToTimeval(a.int(2))}
			// Futimes uses a path in /proc, whose error differs from that of a bad descriptor.
			_, err := unix.FcntlInt(uintptr(a.fd(0)), unix.F_GETFD, 0)
			if err == nil {
				err = unix.Futimes(a.fd(0), times)
			}
			return nil, onPath("futime", err)
		}},
	}
})

// fileConstants are the members of fs.constants that have the system's values.
var fileConstants = sync.OnceValue(func() map[string]int {
	return map[string]int{
		"F_OK": unix.F_OK, "R_OK": unix.R_OK, "W_OK": unix.W_OK, "X_OK": unix.X_OK,
		"O_RDONLY": unix.O_RDONLY, "O_WRONLY": unix.O_WRONLY, "O_RDWR": unix.O_RDWR, "O_CREAT": unix.O_CREAT, "O_EXCL": unix.O_EXCL,
		"O_NOCTTY": unix.O_NOCTTY, "O_TRUNC": unix.O_TRUNC, "O_APPEND": unix.O_APPEND, "O_DIRECTORY": unix.O_DIRECTORY,
		"O_NOFOLLOW": unix.O_NOFOLLOW, "O_SYNC": unix.O_SYNC, "O_NONBLOCK": unix.O_NONBLOCK,
		"S_IFMT": unix.S_IFMT, "S_IFREG": unix.S_IFREG, "S_IFDIR": unix.S_IFDIR, "S_IFCHR": unix.S_IFCHR, "S_IFBLK": unix.S_IFBLK,
		"S_IFIFO": unix.S_IFIFO, "S_IFLNK": unix.S_IFLNK, "S_IFSOCK": unix.S_IFSOCK,
		"S_IRWXU": unix.S_IRWXU, "S_IRUSR": unix.S_IRUSR, "S_IWUSR": unix.S_IWUSR, "S_IXUSR": unix.S_IXUSR,
		"S_IRWXG": unix.S_IRWXG, "S_IRGRP": unix.S_IRGRP, "S_IWGRP": unix.S_IWGRP, "S_IXGRP": unix.S_IXGRP,
		"S_IRWXO": unix.S_IRWXO, "S_IROTH": unix.S_IROTH, "S_IWOTH": unix.S_IWOTH, "S_IXOTH": unix.S_IXOTH,
	}
})

// onPath returns the error of a system call with these paths, nil if err is nil.
func onPath(call string, err error, paths ...string) error {
	if err == nil {
		return nil
	}
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return &systemError{errno: errno, syscall: call, paths: paths}
	}
	return err
}

// retry calls fn until its error is not EINTR.
func retry(fn func() error) error {
	for {
		if err := fn(); err != unix.EINTR {
			return err
		}
	}
}

// openFile opens a file, close-on-exec: open(2).
func openFile(path string, flags int, mode uint32) (fd int, err error) {
	err = retry(func() (err error) { fd, err = unix.Open(path, flags|unix.O_CLOEXEC, mode); return err })
	return fd, onPath("open", err, path)
}

// readAt reads once. position -1 is the file's own position.
func readAt(fd int, b []byte, position int64) (n int, err error) {
	err = retry(func() (err error) {
		if position < 0 {
			n, err = unix.Read(fd, b)
		} else {
			n, err = unix.Pread(fd, b, position)
		}
		return err
	})
	return max(n, 0), onPath("read", err)
}

// writeAt writes once. position -1 is the file's own position.
func writeAt(fd int, b []byte, position int64) (n int, err error) {
	err = retry(func() (err error) {
		if position < 0 {
			n, err = unix.Write(fd, b)
		} else {
			n, err = unix.Pwrite(fd, b, position)
		}
		return err
	})
	return max(n, 0), onPath("write", err)
}

// setTimes sets the times of a path to arguments 1 and 2: nanoseconds.
func setTimes(path string, a fileArgs, flags int) error {
	times := []unix.Timespec{unix.NsecToTimespec(a.int(1)), unix.NsecToTimespec(a.int(2))}
	return unix.UtimesNanoAt(unix.AT_FDCWD, path, times, flags)
}

// makeTemporary makes a directory with a random name that begins with prefix, and returns the name.
func makeTemporary(prefix string) (any, error) {
	const attempts = 100
	for range attempts {
		path := prefix + rand.Text()[:6]
		err := unix.Mkdir(path, 0o700)
		if err == nil {
			return []byte(path), nil
		}
		if err != unix.EEXIST {
			return nil, onPath("mkdtemp", err, prefix+"XXXXXX")
		}
	}
	return nil, fmt.Errorf("mkdtemp: %s: no name is free", prefix)
}
