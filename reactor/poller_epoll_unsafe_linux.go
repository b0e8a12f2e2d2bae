package reactor

import (
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// epollPwait is epoll_pwait(2) without a mask. With a time-out of 0 it skips the scheduler's
// bookkeeping, because then the call cannot block.
func epollPwait(fd int, events []unix.EpollEvent, ms int) (int, unix.Errno) {
	call := unix.Syscall6
	if ms == 0 {
		call = unix.RawSyscall6
	}
	n, _, errno := call(unix.SYS_EPOLL_PWAIT, uintptr(fd),
		uintptr(unsafe.Pointer(unsafe.SliceData(events))), uintptr(len(events)), uintptr(ms), 0, 0)
	return int(n), errno
}

// kernelTimespec is the struct __kernel_timespec that system calls since Linux 5.1 take. Unlike
// [unix.Timespec] it has 64 bits for each field on 32-bit machines, too.
type kernelTimespec struct{ sec, nsec int64 }

// epollPwait2 is epoll_pwait2(2) without a mask, with a time-out in nanoseconds.
func epollPwait2(fd int, events []unix.EpollEvent, timeout time.Duration) (int, unix.Errno) {
	ts := kernelTimespec{int64(timeout / time.Second), int64(timeout % time.Second)}
	n, _, errno := unix.Syscall6(unix.SYS_EPOLL_PWAIT2, uintptr(fd),
		uintptr(unsafe.Pointer(unsafe.SliceData(events))), uintptr(len(events)), uintptr(unsafe.Pointer(&ts)), 0, 0)
	return int(n), errno
}
