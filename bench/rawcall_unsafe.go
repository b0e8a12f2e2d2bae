package main

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// The calls below do not tell the Go scheduler that they may block, so that they cost what they cost in C.

// rawCall is a read or write of p, which is not empty. It returns how many bytes it was.
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

// rawEpollWait waits for one event.
func rawEpollWait(epoll int) {
	var ev [8]unix.EpollEvent
	for {
		_, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(epoll), uintptr(unsafe.Pointer(&ev)), uintptr(len(ev)),
			^uintptr(0), 0, 0)
		if errno == 0 {
			return
		}
		if errno != unix.EINTR {
			check(errno)
		}
	}
}
