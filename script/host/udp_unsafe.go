package host

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// disconnectUDP undoes connect(2) of a UDP socket, by an address without a family. Package unix has
// no such address.
func disconnectUDP(fd int) error {
	a := unix.RawSockaddr{Family: unix.AF_UNSPEC}
	for {
		_, _, errno := unix.Syscall(unix.SYS_CONNECT, uintptr(fd), uintptr(unsafe.Pointer(&a)), unsafe.Sizeof(a))
		switch errno {
		case unix.EINTR:
		case 0, unix.EAFNOSUPPORT: // The BSDs say so when it is done.
			return nil
		default:
			return errno
		}
	}
}
