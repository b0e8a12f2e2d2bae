package process

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// siginfo is what waitid(2) fills: the fields of siginfo_t for SIGCHLD, in the kernel's 128 bytes.
type siginfo struct {
	signo int32
	_     [2]int32 // errno and code, in an order that depends on the architecture
	_     [unsafe.Sizeof(uintptr(0)) - 4]byte
	pid   int32
	uid   uint32
	value int32 // si_status
	_     [128]byte
}

// waitid asks about one child without waiting, and fills usage if that is not nil. A pid of 0 means
// that there is no change.
func waitid(idType, id, options int, usage *syscall.Rusage) (pid int, code, value int32, err error) {
	var info siginfo
	for {
		_, _, errno := unix.RawSyscall6(unix.SYS_WAITID, uintptr(idType), uintptr(id),
			uintptr(unsafe.Pointer(&info)), uintptr(options|unix.WNOHANG), uintptr(unsafe.Pointer(usage)), 0)
		switch errno {
		case 0:
			return int(info.pid), info.code(), info.value, nil
		case unix.EINTR:
			continue
		}
		return 0, 0, 0, errno
	}
}

// code returns si_code, the third word, on MIPS the second.
func (i *siginfo) code() int32 {
	var probe unix.Siginfo
	return *(*int32)(unsafe.Add(unsafe.Pointer(i), unsafe.Offsetof(probe.Code)))
}

// pidfdInfo is the beginning of struct pidfd_info, see PIDFD_GET_INFO in ioctl_pidfd(2). Its size
// is part of the request.
type pidfdInfo struct {
	mask     uint64
	_        uint64     // cgroup id
	_        [11]uint32 // pid, tgid, ppid and eight ids
	exitCode int32      // as wait4(2) has it
	_        [6]uint32
}

// pidfdExitStatus returns the status word of a process that has ended and was waited for (Linux
// 6.15), EAGAIN while it was not waited for, and another errno if the kernel does not know.
func pidfdExitStatus(pidfd int) (syscall.WaitStatus, error) {
	info := pidfdInfo{mask: unix.PIDFD_INFO_EXIT}
	_, _, errno := unix.RawSyscall(unix.SYS_IOCTL, uintptr(pidfd), unix.PIDFD_GET_INFO, uintptr(unsafe.Pointer(&info)))
	if errno != 0 {
		return 0, errno
	}
	if info.mask&unix.PIDFD_INFO_EXIT == 0 {
		return 0, unix.EAGAIN
	}
	return syscall.WaitStatus(info.exitCode), nil
}
