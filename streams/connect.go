package streams

import (
	"net"
	"net/netip"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/reactor"
)

// ConnectOptions configure a [Connect]. A nil *ConnectOptions means all defaults.
type ConnectOptions struct {
	// LocalAddress is the address that the connection comes from: "host:port" of TCP, port 0 for
	// any. "": the system chooses.
	LocalAddress string
}

// Connect connects to an address of the form that [Listen] takes, whose host is a number. It calls
// done once, never inside Connect, with the connection or with an *[OpError], and keeps the loop
// alive until then. The caller owns the Duplex. If the address is invalid, or a socket cannot be
// opened or bound, Connect returns the error, and done is not called. It panics when done is nil.
// See connect(2).
func Connect(l *reactor.Loop, network, address string, o *ConnectOptions, done func(*Duplex, error)) (*Attempt, error) {
	if done == nil {
		panic("streams: Connect: nil callback")
	}
	if l == nil {
		return nil, wrap("connect", -1, errNilLoop)
	}
	to, family, err := sockaddr(network, address)
	if err != nil {
		return nil, err
	}
	h, err := hubOf(l)
	if err != nil {
		return nil, wrap("connect", -1, err)
	}
	socket, err := fd.Socket(family, unix.SOCK_STREAM)
	if err != nil {
		return nil, wrap("socket", -1, err)
	}
	if o != nil && o.LocalAddress != "" {
		if err := bindTo(socket, network, o.LocalAddress); err != nil {
			fd.Close(socket)
			return nil, err
		}
	}
	a := &Attempt{loop: l, hub: h, socket: socket, done: done}
	if err := a.begin(unix.Connect(socket, to)); err != nil {
		fd.Close(socket)
		return nil, err
	}
	h.attempts[a] = struct{}{}
	return a, nil
}

func sockaddr(network, address string) (to unix.Sockaddr, family int, err error) {
	switch network {
	case "unix":
		return &unix.SockaddrUnix{Name: address}, unix.AF_UNIX, nil
	case "tcp", "tcp4", "tcp6":
	default:
		return nil, 0, net.UnknownNetworkError(network)
	}
	a, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, 0, err
	}
	host := a.Addr().Unmap()
	if host.Is4() {
		return &unix.SockaddrInet4{Port: int(a.Port()), Addr: host.As4()}, unix.AF_INET, nil
	}
	zone, err := zoneID(host.Zone())
	return &unix.SockaddrInet6{Port: int(a.Port()), Addr: host.As16(), ZoneId: zone}, unix.AF_INET6, err
}

// zoneID returns the number of an IPv6 zone, which may be given as the name of an interface.
func zoneID(zone string) (uint32, error) {
	if zone == "" {
		return 0, nil
	}
	if n, err := strconv.ParseUint(zone, 10, 32); err == nil {
		return uint32(n), nil
	}
	i, err := net.InterfaceByName(zone)
	if err != nil {
		return 0, err
	}
	return uint32(i.Index), nil
}

// bindTo binds socket to a local address. It borrows socket.
func bindTo(socket int, network, address string) error {
	from, _, err := sockaddr(network, address)
	if err != nil {
		return err
	}
	if err := unix.SetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
		return wrap("setsockopt", socket, err)
	}
	return wrap("bind", socket, unix.Bind(socket, from))
}

// An Attempt is a connection that is being made. It owns the socket until it passes it on to the
// Duplex, fails, or is cancelled.
//
// An Attempt's methods must be called on the loop goroutine. After done was called they do nothing.
type Attempt struct {
	loop    *reactor.Loop
	hub     *hub
	socket  int                // -1 once cancelled or reported
	watcher *reactor.Watcher   // waits for the result; nil if connect(2) gave it at once
	result  *reactor.Immediate // reports that result; nil while watcher is not
	done    func(*Duplex, error)
}

// begin waits for the result of connect(2), which has returned err, or sets an immediate to report
// it.
func (a *Attempt) begin(err error) error {
	if err != unix.EINPROGRESS && err != unix.EINTR { // An interrupted call goes on by itself.
		a.result = a.loop.SetImmediate(func() { a.report(err) })
		return nil
	}
	a.watcher, err = a.loop.Watch(a.socket, reactor.Writable, func(reactor.Readiness) {
		errno, err := unix.GetsockoptInt(a.socket, unix.SOL_SOCKET, unix.SO_ERROR)
		if err == nil && errno != 0 {
			err = unix.Errno(errno)
		}
		a.report(err)
	})
	return err
}

// report calls done with the connection, or with err if it is not nil.
func (a *Attempt) report(err error) {
	if a.socket < 0 {
		return
	}
	socket := a.socket
	a.unregister()
	if err != nil {
		fd.Close(socket)
		a.done(nil, wrap("connect", socket, err))
		return
	}
	d, err := NewDuplex(a.loop, socket, &DuplexOptions{Readable: ReadableOptions{Fresh: true}, Writable: WritableOptions{Fresh: true}})
	if err != nil {
		fd.Close(socket)
	}
	a.done(d, err)
}

// unregister ends the attempt. The caller owns the socket from then on.
func (a *Attempt) unregister() {
	a.socket = -1
	delete(a.hub.attempts, a)
	if a.watcher != nil {
		a.watcher.Close()
	} else {
		a.result.Stop()
	}
}

// Ref makes the attempt keep the loop alive, as a new one does.
func (a *Attempt) Ref() {
	switch {
	case a.socket < 0:
	case a.watcher != nil:
		a.watcher.Ref()
	default:
		a.result.Ref()
	}
}

// Unref lets the loop end before the result is known.
func (a *Attempt) Unref() {
	switch {
	case a.socket < 0:
	case a.watcher != nil:
		a.watcher.Unref()
	default:
		a.result.Unref()
	}
}

// Cancel closes the socket. done is not called.
func (a *Attempt) Cancel() {
	if socket := a.socket; socket >= 0 {
		a.unregister()
		fd.Close(socket)
	}
}
