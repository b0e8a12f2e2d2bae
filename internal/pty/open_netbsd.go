package pty

import (
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

// open makes ptm(4) open both sides in one call, which cannot make them close-on-exec. The lock
// keeps other goroutines from forking in between.
func open() (master, slave int, err error) {
	ptm, err := unix.Open("/dev/ptm", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, -1, err
	}
	defer fd.Close(ptm)
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	got, err := unix.IoctlGetPtmget(ptm, unix.TIOCPTMGET)
	if err != nil {
		return -1, -1, err
	}
	master, slave = int(got.Cfd), int(got.Sfd)
	unix.CloseOnExec(master)
	unix.CloseOnExec(slave)
	return master, slave, nil
}
