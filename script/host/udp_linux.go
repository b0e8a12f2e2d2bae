package host

import "golang.org/x/sys/unix"

// reuseAddress is the option by which several UDP sockets share an address.
const reuseAddress = unix.SO_REUSEADDR

func setUDPOption(fd, level, option, value int) error {
	return unix.SetsockoptInt(fd, level, option, value)
}

// sourceRequest is struct ip_mreq_source of ip(7).
func sourceRequest(group, source, on [4]byte) []byte {
	return append(append(group[:], on[:]...), source[:]...)
}
