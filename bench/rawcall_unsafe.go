package main

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// The calls below do not tell the Go scheduler that they may block, so their cost is the same as
// in C.

// rawCall makes a read or write of p, which must not be empty. It returns the number of bytes.
func rawCall(trap uintptr, fd int, p []byte) int {
	for {
		n, _, errno := unix.RawSyscall(trap, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
		if errno == 0 {
			return int(n)
		}
		if errno != unix.EINTR {
			check(errno)
		}
	}
}

// rawEpollWait waits for events and returns their number.
func rawEpollWait(epoll int, events []unix.EpollEvent) int {
	for {
		n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(epoll),
			uintptr(unsafe.Pointer(unsafe.SliceData(events))), uintptr(len(events)), ^uintptr(0), 0, 0)
		if errno == 0 {
			return int(n)
		}
		if errno != unix.EINTR {
			check(errno)
		}
	}
}

// rawReap reaps the process of a pidfd, which has exited.
func rawReap(pidfd int) {
	if _, _, errno := unix.RawSyscall6(unix.SYS_WAITID, unix.P_PIDFD, uintptr(pidfd), 0, unix.WEXITED, 0, 0); errno != 0 {
		check(errno)
	}
}

func rawClose(fd int) {
	if _, _, errno := unix.RawSyscall(unix.SYS_CLOSE, uintptr(fd), 0, 0); errno != 0 {
		check(errno)
	}
}
