package cluster

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

// open opens the socket of q: non-blocking, close-on-exec, bound and, for a stream, listening. The
// caller owns socket, and must remove path, if not "", when it closes it. On an error nothing is
// left open.
func (q *query) open() (socket int, path string, err error) {
	switch {
	case q.socket >= 0:
		socket, err = q.borrow()
	case q.path != "":
		socket, err = q.openPath()
		path = q.path
	default:
		socket, err = q.openIP()
	}
	if err != nil {
		return -1, "", err
	}
	if q.udp != "" {
		return socket, "", nil
	}
	backlog := q.backlog
	if backlog == 0 {
		// Node's default is 511. This primary leaves connections in the backlog until a worker is
		// free, so it takes the most that the system allows.
		backlog = unix.SOMAXCONN
	}
	if err := unix.Listen(socket, backlog); err != nil {
		fd.Close(socket)
		if path != "" {
			_ = os.Remove(path) // This call made it.
		}
		return -1, "", os.NewSyscallError("listen", err)
	}
	return socket, path, nil
}

// borrow returns a duplicate of descriptor q.socket of this program, which it sets to non-blocking.
func (q *query) borrow() (int, error) {
	socket, err := fd.Private(fd.Duplicate(q.socket, 0))
	if err != nil {
		return -1, err
	}
	if err = fd.SetNonblock(socket, true); err == nil && q.udp != "" {
		err = mustBeUDP(socket)
	}
	if err != nil {
		fd.Close(socket)
		return -1, err
	}
	return socket, nil
}

// mustBeUDP returns EINVAL, like libuv, if socket is not a UDP socket. For streams listen(2) makes
// that check.
func mustBeUDP(socket int) error {
	kind, err := unix.GetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_TYPE)
	if err != nil || kind != unix.SOCK_DGRAM {
		return unix.EINVAL
	}
	if family, err := fd.Domain(socket); err != nil || family != unix.AF_INET && family != unix.AF_INET6 {
		return unix.EINVAL
	}
	return nil
}

// openIP opens a TCP or UDP socket as libuv does (libuv v1.46, src/unix/tcp.c, udp.c). Package net
// differs: for it 0.0.0.0 means all addresses of both families, it listens there for a multicast
// address, and it allows every UDP socket to broadcast.
//
// Without an address the socket listens on all addresses of both families or, without IPv6, of IPv4
// (Node v20, lib/net.js, createServerHandle).
func (q *query) openIP() (int, error) {
	switch {
	case !q.all:
		return q.bindIP(q.ip)
	case q.udp == typeUDP4:
		return q.bindIP(netip.IPv4Unspecified())
	}
	socket, err := q.bindIP(netip.IPv6Unspecified())
	if err != nil && q.udp == "" && !errors.Is(err, unix.EADDRINUSE) {
		return q.bindIP(netip.IPv4Unspecified())
	}
	return socket, err
}

// bindIP opens a socket and binds it to ip and q.port.
func (q *query) bindIP(ip netip.Addr) (int, error) {
	family, address := sockaddr(ip, q.port)
	kind := unix.SOCK_STREAM
	if q.udp != "" {
		kind = unix.SOCK_DGRAM
		if ip.Is4() != (q.udp == typeUDP4) {
			return -1, unix.EINVAL
		}
	}
	socket, err := fd.Socket(family, kind)
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	if err := q.bind(socket, ip, address); err != nil {
		fd.Close(socket)
		return -1, err
	}
	return socket, nil
}

// bind sets the socket options that must precede bind(2), and binds.
func (q *query) bind(socket int, ip netip.Addr, address unix.Sockaddr) (err error) {
	if !ip.Is4() {
		err = unix.SetsockoptInt(socket, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, q.flags&flagIPv6Only)
		if !ip.IsUnspecified() {
			// OpenBSD has no sockets of both families, and this one would not be one anyway.
			err = nil
		}
	}
	switch {
	case err != nil:
	case q.udp == "": // Connections in TIME_WAIT of an earlier listener must not block the address.
		err = unix.SetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	case q.flags&flagReuseAddr != 0:
		err = reuse(socket)
	}
	if err != nil {
		return os.NewSyscallError("setsockopt", err)
	}
	return os.NewSyscallError("bind", unix.Bind(socket, address))
}

// sockaddr returns the address for bind(2). An unknown zone becomes 0; bind(2) then fails with
// EINVAL if the address needs a zone.
func sockaddr(ip netip.Addr, port int) (family int, address unix.Sockaddr) {
	if ip.Is4() {
		return unix.AF_INET, &unix.SockaddrInet4{Port: port, Addr: ip.As4()}
	}
	a := &unix.SockaddrInet6{Port: port, Addr: ip.As16()}
	if zone := ip.Zone(); zone != "" {
		if i, err := net.InterfaceByName(zone); err == nil {
			a.ZoneId = uint32(i.Index)
		}
	}
	return unix.AF_INET6, a
}

// openPath binds an AF_UNIX socket by its absolute or its relative path, whichever is shorter,
// because sun_path holds only about 100 bytes (unix(7)).
func (q *query) openPath() (int, error) {
	name := q.path
	if dir, err := os.Getwd(); err == nil {
		if relative, err := filepath.Rel(dir, name); err == nil && len(relative)+2 < len(name) {
			name = "./" + relative // Without ./ a name that begins with @ would be abstract.
		}
	}
	socket, err := fd.Socket(unix.AF_UNIX, unix.SOCK_STREAM)
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	if err := unix.Bind(socket, &unix.SockaddrUnix{Name: name}); err != nil {
		fd.Close(socket)
		return -1, os.NewSyscallError("bind", err)
	}
	if err := q.permit(); err != nil {
		fd.Close(socket)
		_ = os.Remove(q.path) // This call made it.
		return -1, err
	}
	return socket, nil
}

// permit sets the path's mode, so that all users can connect if readableAll or writableAll says so.
func (q *query) permit() error {
	var bits os.FileMode
	if q.readableAll {
		bits |= 0o444
	}
	if q.writableAll {
		bits |= 0o222
	}
	if bits == 0 {
		return nil
	}
	info, err := os.Stat(q.path)
	if err != nil {
		return err
	}
	return os.Chmod(q.path, info.Mode().Perm()|bits)
}
