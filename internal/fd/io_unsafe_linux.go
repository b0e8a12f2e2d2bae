package fd

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// The calls below cannot block, so they skip the bookkeeping by which the Go scheduler gives the
// thread's processor away.

func readNonblock(fd int, p []byte) (int, error) {
	n, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	return result(n, errno)
}

func writeNonblock(fd int, p []byte) (int, error) {
	n, _, errno := unix.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	return result(n, errno)
}

// iovMax is the number of pieces in one call. writev(2) allows 1024.
const iovMax = 64

func writevNonblock(fd int, pieces [][]byte) (int, error) {
	var iov [iovMax]unix.Iovec
	k := gather(&iov, pieces)
	n, _, errno := unix.RawSyscall(unix.SYS_WRITEV, uintptr(fd), uintptr(unsafe.Pointer(&iov[0])), uintptr(k))
	return result(n, errno)
}

// noOffset makes preadv2(2) and pwritev2(2) use the file offset of the descriptor. It is passed in
// two halves.
const noOffset = ^uintptr(0)

func readNowait(fd int, p []byte) (int, error) {
	iov := unix.Iovec{Base: unsafe.SliceData(p)}
	iov.SetLen(len(p))
	n, _, errno := unix.RawSyscall6(unix.SYS_PREADV2, uintptr(fd), uintptr(unsafe.Pointer(&iov)), 1,
		noOffset, noOffset, unix.RWF_NOWAIT)
	return nowaitResult(n, errno)
}

func writevNowait(fd int, pieces [][]byte) (int, error) {
	var iov [iovMax]unix.Iovec
	k := gather(&iov, pieces)
	n, _, errno := unix.RawSyscall6(unix.SYS_PWRITEV2, uintptr(fd), uintptr(unsafe.Pointer(&iov[0])), uintptr(k),
		noOffset, noOffset, unix.RWF_NOWAIT)
	return nowaitResult(n, errno)
}

// nowaitResult turns the answer of a kernel without the call (4.6 is the first with both), and of a
// sandbox that refuses it, into that of a file that does not support it. An error of the file
// itself shows when it is read or written without the flag.
func nowaitResult(n uintptr, errno unix.Errno) (int, error) {
	if errno != 0 && Refused(errno) {
		errno = unix.EOPNOTSUPP
	}
	return result(n, errno)
}

// gather fills iov with the first pieces and returns their number.
func gather(iov *[iovMax]unix.Iovec, pieces [][]byte) int {
	k := min(len(pieces), iovMax)
	for i, p := range pieces[:k] {
		iov[i].Base = unsafe.SliceData(p)
		iov[i].SetLen(len(p))
	}
	return k
}

func result(n uintptr, errno unix.Errno) (int, error) {
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}
