package fd

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// The calls below cannot block, so they skip the bookkeeping by which the Go scheduler gives the
// thread's processor away.

func recvmsg(fd int, p, control []byte) (n, controlLen int, truncated bool, err error) {
	iov := unix.Iovec{Base: unsafe.SliceData(p)}
	iov.SetLen(len(p))
	msg := unix.Msghdr{Iov: &iov, Control: unsafe.SliceData(control)}
	msg.SetIovlen(1)
	msg.SetControllen(len(control))
	r, _, errno := unix.RawSyscall(unix.SYS_RECVMSG, uintptr(fd), uintptr(unsafe.Pointer(&msg)),
		unix.MSG_DONTWAIT|unix.MSG_CMSG_CLOEXEC)
	if errno != 0 {
		return 0, 0, false, errno
	}
	return int(r), int(msg.Controllen), msg.Flags&unix.MSG_CTRUNC != 0, nil
}

// send is sendto(2) without an address: the kernel has fewer arguments to fetch and check than for
// sendmsg(2).
func send(fd int, p []byte) (int, error) {
	n, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))),
		uintptr(len(p)), unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, 0, 0)
	return result(n, errno)
}

func sendmsg(fd int, pieces [][]byte, control []byte) (int, error) {
	if len(pieces) == 1 && len(control) == 0 {
		return send(fd, pieces[0])
	}
	var iov [iovMax]unix.Iovec
	k := gather(&iov, pieces)
	msg := unix.Msghdr{Iov: &iov[0]}
	msg.SetIovlen(k)
	if len(control) > 0 {
		msg.Control = unsafe.SliceData(control)
		msg.SetControllen(len(control))
	}
	n, _, errno := unix.RawSyscall(unix.SYS_SENDMSG, uintptr(fd), uintptr(unsafe.Pointer(&msg)),
		unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
	return result(n, errno)
}
