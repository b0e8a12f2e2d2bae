package pty

import (
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

// open calls posix_openpt(2), a system call here. The slave belongs to this user from the start.
func open() (master, slave int, err error) {
	m, _, errno := unix.Syscall(unix.SYS_POSIX_OPENPT, unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0, 0)
	if errno != 0 {
		return -1, -1, errno
	}
	master = int(m)
	n, err := unix.IoctlGetInt(master, unix.TIOCGPTN)
	if err == nil {
		slave, err = unix.Open("/dev/pts/"+strconv.Itoa(n), unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	}
	if err != nil {
		fd.Close(master)
		return -1, -1, err
	}
	return master, slave, nil
}
