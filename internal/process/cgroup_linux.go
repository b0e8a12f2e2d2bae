package process

import (
	"bytes"
	"os"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

// openCgroup opens the directory of a cgroup in which a child can be started. The caller must close
// it.
func openCgroup(dir string) (int, error) {
	n, err := fd.Private(unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0))
	if err != nil {
		return -1, err
	}
	if err := unfitCgroup(dir, n); err != nil {
		fd.Close(n)
		return -1, err
	}
	return n, nil
}

// unfitCgroup returns the reason why no child can be started in the cgroup, nil if one can. n is
// its directory.
func unfitCgroup(dir string, n int) error {
	var st unix.Statfs_t
	if err := unix.Fstatfs(n, &st); err != nil {
		return err
	}
	switch {
	case int64(st.Type) == unix.CGROUP_SUPER_MAGIC: // of version 1
		return unix.ENOTSUP
	case int64(st.Type) != unix.CGROUP2_SUPER_MAGIC:
		return unix.EINVAL
	case cgroupFrozen(dir):
		return unix.EBUSY
	}
	return nil
}

// cgroupFrozen reports whether a child started there would stand still, and so would its parent,
// which waits for the execve(2).
func cgroupFrozen(dir string) bool {
	events, _ := os.ReadFile(dir + "/cgroup.events") // The root has none.
	freeze, _ := os.ReadFile(dir + "/cgroup.freeze")
	return bytes.Contains(events, []byte("frozen 1")) || bytes.HasPrefix(freeze, []byte("1"))
}
