//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package host

import "golang.org/x/sys/unix"

var systemFileConstants map[string]int // Empty: not all of these systems have O_DSYNC or O_DIRECT.

func (f *fileStatus) stat(path string, follow bool) error {
	var s unix.Stat_t
	call := unix.Lstat
	if follow {
		call = unix.Stat
	}
	if err := call(path, &s); err != nil {
		return err
	}
	f.fill(&s)
	return nil
}

func (f *fileStatus) fstat(fd int) error {
	var s unix.Stat_t
	if err := unix.Fstat(fd, &s); err != nil {
		return err
	}
	f.fill(&s)
	return nil
}

func (f *fileStatus) fill(s *unix.Stat_t) {
	f.numbers = [statusNumbers]int64{
		int64(s.Dev), int64(s.Mode), int64(s.Nlink), int64(s.Uid), int64(s.Gid), int64(s.Rdev), int64(s.Blksize),
		int64(s.Ino), s.Size,
		int64(s.Blocks),
	}
	for i, t := range []unix.Timespec{s.Atim, s.Mtim, s.Ctim, s.Btim} {
		f.times[i] = t.Nano()
	}
}

func dataSync(fd int) error { return unix.Fsync(fd) }

func statFS(path string) ([]int64, error) {
	var s unix.Statfs_t
	err := retry(func() error { return unix.Statfs(path, &s) })
	return []int64{
		int64(s.Type), int64(s.Bsize), int64(s.Bsize), int64(s.Blocks), int64(s.Bfree), int64(s.Bavail), int64(s.Files),
		int64(s.Ffree),
	}, err
}
