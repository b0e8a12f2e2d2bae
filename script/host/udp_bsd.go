//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package host

import "golang.org/x/sys/unix"

// reuseAddress is the option by which several UDP sockets share an address.
const reuseAddress = unix.SO_REUSEPORT

// setUDPOption sets an option. For IPv4 multicast the values are bytes, see ip(4).
func setUDPOption(fd, level, option, value int) error {
	if level == unix.IPPROTO_IP && (option == unix.IP_MULTICAST_TTL || option == unix.IP_MULTICAST_LOOP) {
		return unix.SetsockoptByte(fd, level, option, byte(value))
	}
	return unix.SetsockoptInt(fd, level, option, value)
}

// sourceRequest is struct ip_mreq_source of ip(4).
func sourceRequest(group, source, on [4]byte) []byte {
	return append(append(group[:], source[:]...), on[:]...)
}
