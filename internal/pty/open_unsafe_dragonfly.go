package pty

import (
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

// fdname is struct fiodname_args of sys/filio.h: the memory for the name of a device.
type fdname struct {
	name *byte
	size uint32 // bytes
}

// fiodname is FIODNAME of sys/filio.h.
const fiodname = 0x80106678

// open finds the slave by the name of the master: the slave of ptm/5 is pts/5. See ptsname(3).
func open() (master, slave int, err error) {
	master, err = unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, -1, err
	}
	name, err := deviceName(master)
	if err == nil {
		slave, err = unix.Open("/dev/pts"+strings.TrimPrefix(name, "ptm"), unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	}
	if err != nil {
		fd.Close(master)
		return -1, -1, err
	}
	return master, slave, nil
}

// deviceName returns the name of a device in /dev.
func deviceName(n int) (string, error) {
	var name [64]byte
	to := fdname{&name[0], uint32(len(name))}
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(n), fiodname, uintptr(unsafe.Pointer(&to)))
	if errno != 0 {
		return "", errno
	}
	return unix.ByteSliceToString(name[:]), nil
}
