package host

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/script/engine"
)

// bindNet gives the library sockets and addresses. Its functions return a negative errno if a
// system call fails.
func bindNet(b *builder) {
	h := b.h
	b.fn("connect", h.connect)
	b.fn("bindTCP", h.bindTCP)
	b.fn("bindPipe", h.bindPipe)
	b.fn("adopt", h.adoptSocket)
	b.fn("open", h.openStream)
	b.fn("openToAll", func(c *engine.Call) (engine.Value, error) {
		mode := os.FileMode(0o600)
		if c.Arg(1).Bool() {
			mode |= 0o444
		}
		if c.Arg(2).Bool() {
			mode |= 0o222
		}
		info, err := os.Stat(c.Arg(0).Text())
		if err == nil {
			err = os.Chmod(c.Arg(0).Text(), info.Mode().Perm()|mode&0o666)
		}
		return resultOf(c, 0, err)
	})
	b.fn("kindOf", func(c *engine.Call) (engine.Value, error) { return c.String(kindOf(int(c.Arg(0).Int()))), nil })
	b.fn("isIP", func(c *engine.Call) (engine.Value, error) { return c.Int(int64(ipVersion(c.Arg(0).Text()))), nil })
	b.fn("canonical", func(c *engine.Call) (engine.Value, error) {
		a, err := netip.ParseAddr(c.Arg(0).Text())
		if err != nil {
			return c.Undefined(), nil
		}
		return c.String(a.String()), nil
	})
	b.fn("ipBytes", func(c *engine.Call) (engine.Value, error) {
		a, err := netip.ParseAddr(c.Arg(0).Text())
		if err != nil {
			return c.Undefined(), nil
		}
		return c.Uint8Array(a.AsSlice()), nil
	})
	b.fn("sockname", func(c *engine.Call) (engine.Value, error) {
		a, err := unix.Getsockname(int(c.Arg(0).Int()))
		return endpointObject(c, a, err)
	})
	b.fn("peername", func(c *engine.Call) (engine.Value, error) {
		a, err := unix.Getpeername(int(c.Arg(0).Int()))
		return endpointObject(c, a, err)
	})
	b.fn("setNoDelay", func(c *engine.Call) (engine.Value, error) {
		return resultOf(c, 0, setOption(c, unix.IPPROTO_TCP, unix.TCP_NODELAY, intOf(c.Arg(1).Bool())))
	})
	b.fn("setKeepAlive", func(c *engine.Call) (engine.Value, error) {
		err := setOption(c, unix.SOL_SOCKET, unix.SO_KEEPALIVE, intOf(c.Arg(1).Bool()))
		if seconds := int(c.Arg(2).Int()); err == nil && c.Arg(1).Bool() && seconds > 0 {
			err = setOption(c, unix.IPPROTO_TCP, keepAliveDelay, seconds)
		}
		return resultOf(c, 0, err)
	})
	b.fn("setTOS", func(c *engine.Call) (engine.Value, error) {
		level, option := tosOption(int(c.Arg(0).Int()))
		return resultOf(c, 0, setOption(c, level, option, int(c.Arg(1).Int())))
	})
	b.fn("getTOS", func(c *engine.Call) (engine.Value, error) {
		fd := int(c.Arg(0).Int())
		level, option := tosOption(fd)
		value, err := unix.GetsockoptInt(fd, level, option)
		return resultOf(c, value, err)
	})
	b.fn("reset", func(c *engine.Call) (engine.Value, error) {
		l := &unix.Linger{Onoff: 1}
		return resultOf(c, 0, unix.SetsockoptLinger(int(c.Arg(0).Int()), unix.SOL_SOCKET, unix.SO_LINGER, l))
	})
}

// resultOf returns n, or the errno of err as a negative number.
func resultOf(c *engine.Call, n int, err error) (engine.Value, error) {
	if err == nil {
		return c.Int(int64(n)), nil
	}
	if e := asSystemError(err); e != nil {
		return c.Int(-int64(e.errno)), nil
	}
	return c.Int(-int64(unix.EINVAL)), nil
}

func intOf(b bool) int {
	if b {
		return 1
	}
	return 0
}

// ipVersion returns 4 or 6, or 0 if text is no address.
func ipVersion(text string) int {
	a, err := netip.ParseAddr(text)
	switch {
	case err != nil, strings.ContainsFunc(a.Zone(), noZone):
		return 0
	case a.Is4():
		return 4
	}
	return 6
}

// noZone reports whether Node does not allow a character in a zone.
func noZone(r rune) bool {
	return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && !strings.ContainsRune("-.:", r)
}

// setOption sets an option of the socket whose descriptor is the first argument.
func setOption(c *engine.Call, level, option, value int) error {
	return unix.SetsockoptInt(int(c.Arg(0).Int()), level, option, value)
}

// tosOption returns the option for the type of service, which depends on the socket's family.
func tosOption(fd int) (level, option int) {
	if name, _ := unix.Getsockname(fd); name != nil {
		if _, ok := name.(*unix.SockaddrInet6); ok {
			return unix.IPPROTO_IPV6, unix.IPV6_TCLASS
		}
	}
	return unix.IPPROTO_IP, unix.IP_TOS
}

// endpointObject returns {address, family, port}, or {address} with the path of a Unix socket.
func endpointObject(c *engine.Call, a unix.Sockaddr, err error) (engine.Value, error) {
	if err != nil {
		return resultOf(c, 0, err)
	}
	object := c.Object()
	address, family, port := endpointText(a)
	err = object.Set("address", c.String(address))
	if family != "" {
		err = errors.Join(err, object.Set("family", c.String(family)), object.Set("port", c.Int(int64(port))))
	}
	return object, err
}

// endpointText returns the parts of an address. A Unix socket's address has no family.
func endpointText(a unix.Sockaddr) (address, family string, port int) {
	switch a := a.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrFrom4(a.Addr).String(), "IPv4", a.Port
	case *unix.SockaddrInet6:
		ip := netip.AddrFrom16(a.Addr)
		if a.ZoneId != 0 {
			ip = ip.WithZone(zoneName(int(a.ZoneId)))
		}
		return ip.String(), "IPv6", a.Port
	case *unix.SockaddrUnix:
		return a.Name, "", 0
	}
	return "", "", 0
}

// zoneName returns the name of an interface, or its index as text if it has none.
func zoneName(index int) string {
	if i, err := net.InterfaceByIndex(index); err == nil {
		return i.Name
	}
	return strconv.Itoa(index)
}

// sockaddrOf returns an address for system calls, and its family.
func sockaddrOf(address string, port int) (unix.Sockaddr, int, error) {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return nil, 0, syscall.EINVAL
	}
	if a.Is4() {
		return &unix.SockaddrInet4{Addr: a.As4(), Port: port}, unix.AF_INET, nil
	}
	to := &unix.SockaddrInet6{Addr: a.As16(), Port: port}
	if zone := a.Zone(); zone != "" {
		if n, err := strconv.ParseUint(zone, 10, 32); err == nil {
			to.ZoneId = uint32(n)
		} else if i, err := net.InterfaceByName(zone); err == nil {
			to.ZoneId = uint32(i.Index)
		} else {
			return nil, 0, syscall.EINVAL
		}
	}
	return to, unix.AF_INET6, nil
}

// kindOf returns the kind of a descriptor: FILE, PIPE, TCP, UDP, TTY, UNKNOWN or INVALID. A Unix
// stream socket is a PIPE, as in libuv.
func kindOf(fd int) string {
	var stat unix.Stat_t
	if unix.Fstat(fd, &stat) != nil {
		return "INVALID"
	}
	switch stat.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		return "FILE"
	case unix.S_IFIFO:
		return "PIPE"
	case unix.S_IFCHR:
		if isTerminal(fd) {
			return "TTY"
		}
		return "FILE"
	case unix.S_IFSOCK:
		return kindOfSocket(fd)
	}
	return "UNKNOWN"
}

func kindOfSocket(fd int) string {
	kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
	if err != nil {
		return "UNKNOWN"
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		return "UNKNOWN"
	}
	_, isUnix := name.(*unix.SockaddrUnix)
	switch {
	case isUnix && kind == unix.SOCK_STREAM:
		return "PIPE"
	case kind == unix.SOCK_STREAM:
		return "TCP"
	case kind == unix.SOCK_DGRAM && !isUnix:
		return "UDP"
	}
	return "UNKNOWN"
}
