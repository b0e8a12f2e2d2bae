package pty

import (
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

// openFlags are the flags for both sides.
const openFlags = unix.O_RDWR | unix.O_NOCTTY | unix.O_CLOEXEC

func open() (master, slave int, err error) {
	master, err = openDevice("/dev/ptmx")
	if err != nil {
		return -1, -1, err
	}
	// A new slave is locked until its access rights are right. devpts(5) has set them already.
	if err = unix.IoctlSetPointerInt(master, unix.TIOCSPTLCK, 0); err == nil {
		slave, err = openSlave(master)
	}
	if err != nil {
		fd.Close(master)
		return -1, -1, err
	}
	return master, slave, nil
}

// openSlave asks the master for its slave (TIOCGPTPEER, Linux 4.13). The slave's name may mean
// another terminal, or none, in another mount namespace than the master's. So openSlave uses the
// name only on kernels and in sandboxes that do not know the request.
func openSlave(master int) (int, error) {
	slave, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(master), unix.TIOCGPTPEER, openFlags)
	switch errno {
	case 0:
		return int(slave), nil
	case unix.EMFILE, unix.ENFILE, unix.ENOMEM:
		return -1, errno
	}
	return openByName(master)
}

func openByName(master int) (int, error) {
	n, err := unix.IoctlGetUint32(master, unix.TIOCGPTN)
	if err != nil {
		return -1, err
	}
	return openDevice("/dev/pts/" + strconv.FormatUint(uint64(n), 10))
}

func openDevice(name string) (int, error) {
	for {
		n, err := unix.Open(name, openFlags, 0)
		if err != unix.EINTR {
			return n, err
		}
	}
}
