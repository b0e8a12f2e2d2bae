package host

import (
	"math"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/script/engine"
)

// udpOption describes an option for IPv4 and IPv6, and the range of its values.
type udpOption struct {
	level4, option4, level6, option6, low, high int
}

var udpOptions = map[string]udpOption{
	"broadcast":         {unix.SOL_SOCKET, unix.SO_BROADCAST, unix.SOL_SOCKET, unix.SO_BROADCAST, 0, 1},
	"ttl":               {unix.IPPROTO_IP, unix.IP_TTL, unix.IPPROTO_IPV6, unix.IPV6_UNICAST_HOPS, 1, 255},
	"multicastTTL":      {unix.IPPROTO_IP, unix.IP_MULTICAST_TTL, unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_HOPS, 0, 255},
	"multicastLoopback": {unix.IPPROTO_IP, unix.IP_MULTICAST_LOOP, unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_LOOP, 0, 1},
}

// setOption is setOption(name, value).
func (u *udp) setOption(c *engine.Call) error {
	if u.fd < 0 {
		return unix.EBADF
	}
	o, value := udpOptions[c.Arg(0).Text()], int(c.Arg(1).Int())
	if value < o.low || value > o.high {
		return unix.EINVAL
	}
	level, option := o.level4, o.option4
	if u.six {
		level, option = o.level6, o.option6
	}
	return setUDPOption(u.fd, level, option, value)
}

// setMulticastInterface chooses the interface for outgoing multicast, by its address.
func (u *udp) setMulticastInterface(c *engine.Call) error {
	if u.fd < 0 {
		return unix.EBADF
	}
	text := c.Arg(0).Text()
	a, err := netip.ParseAddr(text)
	if err != nil || a.Is4() == u.six {
		return unix.EINVAL
	}
	if !u.six {
		return unix.SetsockoptInet4Addr(u.fd, unix.IPPROTO_IP, unix.IP_MULTICAST_IF, a.As4())
	}
	index, err := interfaceOf(text)
	if err != nil {
		index = 0 // As in libuv, the system chooses instead of an unknown interface.
	}
	return unix.SetsockoptInt(u.fd, unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_IF, index)
}

// interfaceOf returns the index of the interface that an IPv6 address names in its zone, 0 for
// none.
func interfaceOf(address string) (int, error) {
	if address == "" {
		return 0, nil
	}
	a, _, err := sockaddrOf(address, 0)
	if err != nil {
		return 0, err
	}
	six, ok := a.(*unix.SockaddrInet6)
	if !ok {
		return 0, unix.EINVAL
	}
	return int(six.ZoneId), nil
}

// membership is membership(group, interface or "", join): it joins or leaves a group.
func (u *udp) membership(c *engine.Call) error {
	group, err := netip.ParseAddr(c.Arg(0).Text())
	if err != nil {
		return unix.EINVAL
	}
	join, on := c.Arg(2).Bool(), c.Arg(1).Text()
	if err := u.openOnce(familyOf(group)); err != nil {
		return err
	}
	if group.Is4() {
		request := &unix.IPMreq{Multiaddr: group.As4()}
		if on != "" {
			a, err := netip.ParseAddr(on)
			if err != nil || !a.Is4() {
				return unix.EINVAL
			}
			request.Interface = a.As4()
		}
		option := unix.IP_DROP_MEMBERSHIP
		if join {
			option = unix.IP_ADD_MEMBERSHIP
		}
		return unix.SetsockoptIPMreq(u.fd, unix.IPPROTO_IP, option, request)
	}
	index, err := interfaceOf(on)
	if err != nil {
		return unix.EINVAL
	}
	option := unix.IPV6_LEAVE_GROUP
	if join {
		option = unix.IPV6_JOIN_GROUP
	}
	return unix.SetsockoptIPv6Mreq(u.fd, unix.IPPROTO_IPV6, option,
		&unix.IPv6Mreq{Multiaddr: group.As16(), Interface: uint32(index)})
}

func familyOf(a netip.Addr) int {
	if a.Is4() {
		return unix.AF_INET
	}
	return unix.AF_INET6
}

// sourceMembership is sourceMembership(source, group, interface or "", join): it joins or leaves a
// group for one source. Only IPv4 is supported.
func (u *udp) sourceMembership(c *engine.Call) error {
	source, err := netip.ParseAddr(c.Arg(0).Text())
	if err != nil {
		return unix.EINVAL
	}
	group, err := netip.ParseAddr(c.Arg(1).Text())
	if err != nil || !group.Is4() || !source.Is4() {
		return unix.EINVAL
	}
	var on [4]byte
	if text := c.Arg(2).Text(); text != "" {
		a, err := netip.ParseAddr(text)
		if err != nil || !a.Is4() {
			return unix.EINVAL
		}
		on = a.As4()
	}
	if err := u.openOnce(unix.AF_INET); err != nil {
		return err
	}
	option := unix.IP_DROP_SOURCE_MEMBERSHIP
	if c.Arg(3).Bool() {
		option = unix.IP_ADD_SOURCE_MEMBERSHIP
	}
	return unix.SetsockoptString(u.fd, unix.IPPROTO_IP, option, string(sourceRequest(group.As4(), source.As4(), on)))
}

// bufferSize is bufferSize(size or 0, receive): it sets a buffer's size unless that is 0, and
// returns it, or a negative number.
func (u *udp) bufferSize(c *engine.Call) (engine.Value, error) {
	if u.fd < 0 {
		return resultOf(c, 0, unix.EBADF)
	}
	size, option := c.Arg(0).Float(), unix.SO_SNDBUF
	if c.Arg(1).Bool() {
		option = unix.SO_RCVBUF
	}
	if size > math.MaxInt32 {
		return resultOf(c, 0, unix.EINVAL)
	}
	if size > 0 {
		if err := unix.SetsockoptInt(u.fd, unix.SOL_SOCKET, option, int(size)); err != nil {
			return resultOf(c, 0, err)
		}
	}
	n, err := unix.GetsockoptInt(u.fd, unix.SOL_SOCKET, option)
	return resultOf(c, n, err)
}
