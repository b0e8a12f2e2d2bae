package pty

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

// open makes the requests of grantpt(3), unlockpt(3) and ptsname(3).
func open() (master, slave int, err error) {
	master, err = unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, -1, err
	}
	if err = unix.IoctlSetInt(master, unix.TIOCPTYGRANT, 0); err == nil {
		err = unix.IoctlSetInt(master, unix.TIOCPTYUNLK, 0)
	}
	if err == nil {
		slave, err = openByName(master)
	}
	if err != nil {
		fd.Close(master)
		return -1, -1, err
	}
	return master, slave, nil
}

func openByName(master int) (int, error) {
	var name [128]byte // its size in TIOCPTYGNAME
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(master), unix.TIOCPTYGNAME, uintptr(unsafe.Pointer(&name)))
	if errno != 0 {
		return -1, errno
	}
	return unix.Open(unix.ByteSliceToString(name[:]), unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
}
