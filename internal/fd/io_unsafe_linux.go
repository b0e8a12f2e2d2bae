package fd

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// The calls below cannot block, so they skip the bookkeeping that lets the Go scheduler give the thread's processor away.

func readNonblock(fd int, p []byte) (int, error) {
	n, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	return result(n, errno)
}

func writeNonblock(fd int, p []byte) (int, error) {
	n, _, errno := unix.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	return result(n, errno)
}

// iovMax is the number of pieces in one call; writev(2) allows 1024.
const iovMax = 64

func writevNonblock(fd int, pieces [][]byte) (int, error) {
	var iov [iovMax]unix.Iovec
	k := min(len(pieces), iovMax)
	for i, p := range pieces[:k] {
		iov[i].Base = unsafe.SliceData(p)
		iov[i].SetLen(len(p))
	}
	n, _, errno := unix.RawSyscall(unix.SYS_WRITEV, uintptr(fd), uintptr(unsafe.Pointer(&iov[0])), uintptr(k))
	return result(n, errno)
}

func result(n uintptr, errno unix.Errno) (int, error) {
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}
