package host

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// disconnectUDP undoes connect(2) of a UDP socket. It passes an address without a family, which
// package unix does not have.
func disconnectUDP(fd int) error {
	a := unix.RawSockaddr{Family: unix.AF_UNSPEC}
	for {
		_, _, errno := unix.Syscall(unix.SYS_CONNECT, uintptr(fd), uintptr(unsafe.Pointer(&a)), unsafe.Sizeof(a))
		switch errno {
		case unix.EINTR:
		case 0, unix.EAFNOSUPPORT: // The BSDs return it on success.
			return nil
		default:
			return errno
		}
	}
}
