//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package fd

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// terminalFolders are the folders with the names of terminals.
var terminalFolders = [...]string{"/dev/pts", "/dev"}

// reopen looks for the name of a terminal, as ttyname(3) does. /dev/fd does not help, because
// opening a name there gives a duplicate.
func reopen(fd int, kind uint32, access int) (int, error) {
	var want unix.Stat_t
	if err := unix.Fstat(fd, &want); err != nil {
		return -1, err
	}
	for _, folder := range terminalFolders {
		if kind != unix.S_IFCHR {
			break
		}
		entries, _ := os.ReadDir(folder) // A system has one of the two.
		for _, e := range entries {
			name := filepath.Join(folder, e.Name())
			if folder == "/dev" && !strings.HasPrefix(e.Name(), "tty") && e.Name() != "console" {
				continue // The name of a master would lead to another terminal.
			}
			var st unix.Stat_t
			if unix.Stat(name, &st) == nil && st.Rdev == want.Rdev && uint32(st.Mode)&unix.S_IFMT == unix.S_IFCHR {
				return unix.Open(name, access|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
			}
		}
	}
	return -1, unix.EOPNOTSUPP
}

// replace makes the number close-on-exec in a second call, because some of these systems cannot do
// it in the first. The lock keeps other goroutines from forking in between.
func replace(fd, other int) error {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := unix.Dup2(other, fd); err != nil {
		return err
	}
	unix.CloseOnExec(fd)
	return nil
}
