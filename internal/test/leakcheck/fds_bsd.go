//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package leakcheck

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// fdSearchLimit ends the search where the soft limit is huge or unlimited. A new descriptor gets
// the lowest free number, so a leak is far below.
const fdSearchLimit = 1 << 16

// FDs returns the open descriptors of this process by number, each with its target: the link
// /proc/self/fd/N ("pipe:[4026]", "anon_inode:[eventpoll]", a path), or the kind, device and inode
// of fstat(2) on systems without that directory.
//
// Safe to call from any goroutine.
func FDs() map[int]string {
	limit := uint64(fdSearchLimit)
	var nofile unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &nofile); err == nil {
		// The type of Cur differs between systems; a negative one means unlimited.
		limit = min(limit, uint64(nofile.Cur))
	}
	fds := map[int]string{}
	for fd := range int(limit) {
		var st unix.Stat_t
		if err := unix.Fstat(fd, &st); err == unix.EBADF {
			continue
		}
		fds[fd] = fmt.Sprintf("%s (device %d, inode %d)", fileKind(uint32(st.Mode)), st.Dev, st.Ino)
	}
	return fds
}

func fileKind(mode uint32) string {
	switch mode & unix.S_IFMT {
	case unix.S_IFREG:
		return "regular file"
	case unix.S_IFDIR:
		return "directory"
	case unix.S_IFCHR:
		return "character device"
	case unix.S_IFBLK:
		return "block device"
	case unix.S_IFIFO:
		return "pipe"
	case unix.S_IFSOCK:
		return "socket"
	}
	return "descriptor without a file type, such as a kqueue"
}
