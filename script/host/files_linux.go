package host

import "golang.org/x/sys/unix"

// Each platform supplies fileStatus.stat(path, follow links) and fstat(fd), which fill the status;
// dataSync(fd), which is fdatasync(2); statFS(path), the numbers of the library's StatFs; and
// systemFileConstants.

// systemFileConstants are the members of fs.constants that not all systems have.
var systemFileConstants = map[string]int{"O_DIRECT": unix.O_DIRECT, "O_DSYNC": unix.O_DSYNC,
	"O_NOATIME": unix.O_NOATIME}

func (f *fileStatus) stat(path string, follow bool) error {
	flags := unix.AT_STATX_SYNC_AS_STAT
	if !follow {
		flags |= unix.AT_SYMLINK_NOFOLLOW
	}
	return f.statx(unix.AT_FDCWD, path, flags)
}

func (f *fileStatus) fstat(fd int) error { return f.statx(fd, "", unix.AT_EMPTY_PATH) }

func (f *fileStatus) statx(fd int, path string, flags int) error {
	var s unix.Statx_t
	if err := unix.Statx(fd, path, flags, unix.STATX_BASIC_STATS|unix.STATX_BTIME, &s); err != nil {
		return err
	}
	f.numbers = [statusNumbers]int64{
		int64(unix.Mkdev(s.Dev_major, s.Dev_minor)), int64(s.Mode), int64(s.Nlink), int64(s.Uid), int64(s.Gid),
		int64(unix.Mkdev(s.Rdev_major, s.Rdev_minor)), int64(s.Blksize), int64(s.Ino), int64(s.Size), int64(s.Blocks),
	}
	for i, t := range []unix.StatxTimestamp{s.Atime, s.Mtime, s.Ctime, s.Btime} {
		f.times[i] = t.Sec*1_000_000_000 + int64(t.Nsec)
	}
	return nil
}

func dataSync(fd int) error { return unix.Fdatasync(fd) }

func statFS(path string) ([]int64, error) {
	var s unix.Statfs_t
	err := retry(func() error { return unix.Statfs(path, &s) })
	return []int64{
		int64(s.Type), int64(s.Bsize), int64(s.Frsize), int64(s.Blocks), int64(s.Bfree), int64(s.Bavail), int64(s.Files),
		int64(s.Ffree),
	}, err
}
