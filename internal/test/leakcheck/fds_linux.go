package leakcheck

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// FDs returns the open descriptors of this process by number, each with its target: the link
// /proc/self/fd/N ("pipe:[4026]", "anon_inode:[eventpoll]", a path), or the kind, device and inode
// of fstat(2) on systems without that directory.
//
// Safe to call from any goroutine.
func FDs() map[int]string {
	const dir = "/proc/self/fd"
	// Raw calls: an *os.File would start the runtime's poller, which opens descriptors itself.
	dirfd, err := retry(func() (int, error) { return unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0) })
	if err != nil {
		panic("leakcheck: open " + dir + ": " + err.Error())
	}
	defer unix.Close(dirfd)
	fds := map[int]string{}
	buf := make([]byte, 8192)
	for {
		n, err := retry(func() (int, error) { return unix.ReadDirent(dirfd, buf) })
		if err != nil {
			panic("leakcheck: read " + dir + ": " + err.Error())
		}
		if n == 0 {
			return fds
		}
		_, _, names := unix.ParseDirent(buf[:n], -1, nil)
		for _, name := range names {
			fd, err := strconv.Atoi(name)
			if err != nil || fd == dirfd {
				continue
			}
			// A descriptor that was closed after the directory was read has no link any more.
			if target, err := os.Readlink(dir + "/" + name); err == nil {
				fds[fd] = target
			}
		}
	}
}

// retry calls fn again as long as a signal interrupts it.
func retry(fn func() (int, error)) (int, error) {
	for {
		if n, err := fn(); err != unix.EINTR {
			return n, err
		}
	}
}
