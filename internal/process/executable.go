//go:build unix

package process

import (
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

// Executable returns nil if path is a file that this process may execute, as far as that can be
// known without execve(2), else an errno. It runs in the parent.
//
// Safe to call from any goroutine.
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

// mayExecute asks faccessat2(2). A sandbox may refuse that call with EACCES, or with an errno for
// which package unix looks only at the mode; then the older faccessat(2) decides. It checks the
// real user and group, so it is asked only if these are the effective ones.
func mayExecute(path string) error {
	err := unix.Faccessat(unix.AT_FDCWD, path, unix.X_OK, unix.AT_EACCESS)
	if err == nil || !fd.Refused(err) || unix.Getuid() != unix.Geteuid() || unix.Getgid() != unix.Getegid() {
		return err
	}
	return unix.Faccessat(unix.AT_FDCWD, path, unix.X_OK, 0)
}
