package fd

import (
	"strconv"

	"golang.org/x/sys/unix"
)

func isMaster(fd int) bool {
	// TIOCGPTN returns the number of the terminal. Only a master answers it.
	_, err := unix.IoctlGetUint32(fd, unix.TIOCGPTN)
	return err == nil
}

// reopen uses the link that proc(5) has for each descriptor.
func reopen(fd int, _ uint32, access int) (int, error) {
	return unix.Open("/proc/self/fd/"+strconv.Itoa(fd), access|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
}

func replace(fd, other int) error { return unix.Dup3(other, fd, unix.O_CLOEXEC) }
