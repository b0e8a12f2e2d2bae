package cluster

import (
	"context"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

// open opens the socket of q: in non-blocking mode, bound, listening if it is a stream. path is the file to remove with it.
func (q *query) open() (socket int, path string, err error) {
	switch {
	case q.udp != "":
		socket, err = q.openUDP()
		return socket, "", err
	case q.socket >= 0:
		socket, err = fd.Duplicate(q.socket, 0)
		if err != nil {
			return -1, "", err
		}
		if err := fd.SetNonblock(socket, true); err != nil {
			fd.Close(socket)
			return -1, "", err
		}
	case q.path != "":
		if socket, err = q.openPath(); err != nil {
			return -1, "", err
		}
		path = q.path
	default:
		if socket, err = q.openTCP(); err != nil {
			return -1, "", err
		}
	}
	backlog := q.backlog
	if backlog == 0 {
		backlog = unix.SOMAXCONN // Node has 511; but what this primary cannot hand out yet waits there.
	}
	if err := unix.Listen(socket, backlog); err != nil { // Again, for the backlog, but for a descriptor that was given.
		fd.Close(socket)
		if path != "" {
			_ = os.Remove(path) // It was made just now.
		}
		return -1, "", os.NewSyscallError("listen", err)
	}
	return socket, path, nil
}

// listenConfig listens as Node does: without MPTCP, which the kernel would have for every connection then.
func listenConfig() *net.ListenConfig {
	c := &net.ListenConfig{KeepAlive: -1}
	c.SetMultipathTCP(false)
	return c
}

func (q *query) hostPort() string {
	host := ""
	if !q.all {
		host = q.ip.String()
	}
	return net.JoinHostPort(host, strconv.Itoa(q.port))
}

func (q *query) openTCP() (int, error) {
	network := "tcp" // All addresses are those of both families, where there are both.
	if q.flags&flagIPv6Only != 0 && (q.all || q.ip.Is6()) {
		network = "tcp6"
	}
	ln, err := listenConfig().Listen(context.Background(), network, q.hostPort()) // Nothing is looked up: it does not wait.
	if err != nil {
		return -1, err
	}
	return detach(ln.(*net.TCPListener))
}

// openPath makes the socket by the shorter of the two names of its path, because there is a limit of about a hundred bytes.
func (q *query) openPath() (int, error) {
	name := q.path
	if dir, err := os.Getwd(); err == nil {
		if relative, err := filepath.Rel(dir, name); err == nil && len(relative)+2 < len(name) {
			name = "./" + relative // What begins with @ has no file.
		}
	}
	ln, err := listenConfig().Listen(context.Background(), "unix", name)
	if err != nil {
		return -1, err
	}
	unixListener := ln.(*net.UnixListener)
	unixListener.SetUnlinkOnClose(false)
	socket, err := detach(unixListener)
	if err == nil {
		err = q.permit()
	}
	if err != nil {
		fd.Close(socket)
		_ = os.Remove(q.path) // It was made just now.
		return -1, err
	}
	return socket, nil
}

// permit lets all users connect, who may do so by readableAll and writableAll.
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

func (q *query) openUDP() (int, error) {
	network := q.udp
	if q.udp == typeUDP6 && q.flags&flagIPv6Only == 0 && (q.all || q.ip.IsUnspecified()) {
		network = "udp" // Both families.
		if q.all {
			q.all, q.ip = false, netip.IPv6Unspecified()
		}
	}
	if !q.all && q.ip.Is4() != (q.udp == typeUDP4) {
		return -1, unix.EINVAL
	}
	c := listenConfig()
	if q.flags&flagReuseAddr != 0 {
		c.Control = func(_, _ string, raw syscall.RawConn) error {
			var failed error
			err := raw.Control(func(s uintptr) { failed = reuse(int(s)) })
			if err == nil {
				err = failed
			}
			return err
		}
	}
	conn, err := c.ListenPacket(context.Background(), network, q.hostPort())
	if err != nil {
		return -1, err
	}
	return detach(conn.(*net.UDPConn))
}

// detach takes the socket out of an object of package net, which Go's poller watches: from here on the loop does.
func detach(object interface {
	syscall.Conn
	Close() error
}) (socket int, err error) {
	raw, err := object.SyscallConn()
	if err == nil {
		var failed error
		err = raw.Control(func(s uintptr) { socket, failed = fd.Duplicate(int(s), 0) })
		if err == nil {
			err = failed
		}
	}
	_ = object.Close() // The duplicate is as good.
	if err != nil {
		return -1, err
	}
	return socket, nil
}
