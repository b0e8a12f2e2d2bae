package pty

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

// ptmget is struct ptmget of sys/tty.h: both sides and their names.
type ptmget struct {
	master, slave         int32
	masterName, slaveName [16]byte
}

// ptmGet is PTMGET of sys/tty.h.
const ptmGet = 0x40287401

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
	var got ptmget
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(ptm), ptmGet, uintptr(unsafe.Pointer(&got)))
	if errno != 0 {
		return -1, -1, errno
	}
	master, slave = int(got.master), int(got.slave)
	unix.CloseOnExec(master)
	unix.CloseOnExec(slave)
	return master, slave, nil
}
