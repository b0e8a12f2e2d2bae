//go:build unix

package process

import (
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

// Executable reports whether path is a file that this process may execute. The kernel has the last
// word.
func Executable(path string) error {
	var st unix.Stat_t
	for {
		err := unix.Stat(path, &st)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return err
		}
		break
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG || st.Mode&0o111 == 0 {
		return syscall.EACCES
	}
	return mayExecute(path)
}

// mayExecute asks by faccessat2(2). To a sandbox that refuses it with EACCES, or with an errno for
// which package unix looks at the mode alone, the older faccessat(2) is a second opinion. It is
// about the real user and group, and so it is one only where they are those that count.
func mayExecute(path string) error {
	err := unix.Faccessat(unix.AT_FDCWD, path, unix.X_OK, unix.AT_EACCESS)
	if err == nil || !fd.Refused(err) || unix.Getuid() != unix.Geteuid() || unix.Getgid() != unix.Getegid() {
		return err
	}
	return unix.Faccessat(unix.AT_FDCWD, path, unix.X_OK, 0)
}
