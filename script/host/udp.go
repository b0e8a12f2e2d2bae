package host

import (
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/script/engine"
)

const (
	// datagramBudget bounds the datagrams that a socket reads or writes a turn, so that it cannot
	// starve the rest.
	datagramBudget = 32

	// maxDatagram is the size of the largest datagram: bytes.
	maxDatagram = 64 << 10
)

// The first argument of a UDP socket's function. The library has the same numbers in
// internal/udp_handle.js.
const (
	udpMessage = iota // with a Uint8Array, an address, its family and a port
	udpError          // with a negative number: receiving failed
	// with 0 or a negative number, and a number of bytes: the result of the oldest send without one
	udpSent
)

// Flags of bind, which are libuv's.
const (
	udpIPv6Only  = 1
	udpReuseAddr = 4
	udpReusePort = 8
)

// udp is the native object of a UDP socket. It is in Host.closers while fd >= 0.
type udp struct {
	h         *Host
	on        engine.Kept
	fd        int  // -1 before the socket is open, and after close
	six       bool // the family is IPv6
	connected bool
	watcher   *reactor.Watcher // nil until the socket receives or has queued datagrams
	receives  bool             // the library listens for datagrams
	unrefed   bool
	queue     []datagram         // datagrams that the kernel has not taken
	results   []sendResult       // results that were not reported
	reporting *reactor.Immediate // scheduled reportSent; nil: none
	size      int                // bytes of queue and results
}

type datagram struct {
	bytes []byte
	to    unix.Sockaddr // nil: the connected peer
}

type sendResult struct {
	size int
	err  error
}

func bindUDP(b *builder) {
	b.fn("create", func(c *engine.Call) (engine.Value, error) {
		prototype, err := b.h.prototype(c.Scope, "udp", udpMethods)
		if err != nil {
			return c.Undefined(), err
		}
		return c.Native(prototype, &udp{h: b.h, fd: -1, on: b.h.keepCallback(c.Scope, c.Arg(0))}), nil
	})
}

func udpMethods(b *builder) {
	number := func(name string, fn func(u *udp, c *engine.Call) error) {
		method(b, name, func(u *udp, c *engine.Call) (engine.Value, error) { return resultOf(c, 0, fn(u, c)) })
	}
	number("bind", (*udp).bind)
	number("open", (*udp).openFD)
	number("connect", (*udp).connect)
	number("disconnect", func(u *udp, _ *engine.Call) error { return u.disconnect() })
	number("send", (*udp).send)
	number("receive", func(u *udp, c *engine.Call) error { u.receives = c.Arg(0).Bool(); return u.updateWatcher() })
	number("setOption", (*udp).setOption)
	number("setMulticastInterface", (*udp).setMulticastInterface)
	number("membership", (*udp).membership)
	number("sourceMembership", (*udp).sourceMembership)
	method(b, "bufferSize", (*udp).bufferSize)
	method(b, "fd", func(u *udp, c *engine.Call) (engine.Value, error) { return c.Int(int64(u.fd)), nil })
	method(b, "queuedBytes", func(u *udp, c *engine.Call) (engine.Value, error) { return c.Int(int64(u.size)), nil })
	method(b, "queuedCount", func(u *udp, c *engine.Call) (engine.Value, error) {
		return c.Int(int64(len(u.queue) + len(u.results))), nil
	})
	method(b, "ref", func(u *udp, c *engine.Call) (engine.Value, error) { return resultOf(c, 0, u.setRef(true)) })
	method(b, "unref", func(u *udp, c *engine.Call) (engine.Value, error) { return resultOf(c, 0, u.setRef(false)) })
	method(b, "close", func(u *udp, c *engine.Call) (engine.Value, error) { u.close(); return c.Undefined(), nil })
}

// openOnce opens the socket unless it is open.
func (u *udp) openOnce(family int) error {
	if u.fd >= 0 {
		return nil
	}
	n, err := fd.Socket(family, unix.SOCK_DGRAM)
	if err != nil {
		return err
	}
	u.fd, u.six = n, family == unix.AF_INET6
	u.h.closers[u] = struct{}{}
	return nil
}

// bind is bind(address, port, flags).
func (u *udp) bind(c *engine.Call) error {
	to, family, err := sockaddrOf(c.Arg(0).Text(), int(c.Arg(1).Int()))
	if err != nil {
		return err
	}
	if err := u.openOnce(family); err != nil {
		return err
	}
	flags := c.Arg(2).Int()
	set := &socketOptions{fd: u.fd}
	set.on(unix.SOL_SOCKET, reuseAddress, flags&udpReuseAddr != 0)
	set.on(unix.SOL_SOCKET, unix.SO_REUSEPORT, flags&udpReusePort != 0)
	set.on(unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, u.six && flags&udpIPv6Only != 0)
	if set.err != nil {
		return set.err
	}
	return unix.Bind(u.fd, to)
}

// openFD takes ownership of a bound socket, but not on error.
func (u *udp) openFD(c *engine.Call) error {
	n := int(c.Arg(0).Int())
	name, err := unix.Getsockname(n)
	if err != nil {
		return err
	}
	if err := unix.SetNonblock(n, true); err != nil {
		return err
	}
	// EEXIST: the loop watches it for another object.
	w, err := u.h.loop.Watch(n, reactor.Readable, u.onReady)
	if err != nil {
		return err
	}
	_, u.six = name.(*unix.SockaddrInet6)
	_, err = unix.Getpeername(n)
	u.fd, u.connected, u.watcher = n, err == nil, w
	u.h.disownFD(n)
	u.h.closers[u] = struct{}{}
	return u.updateWatcher()
}

func (u *udp) connect(c *engine.Call) error {
	to, family, err := sockaddrOf(c.Arg(0).Text(), int(c.Arg(1).Int()))
	if err != nil {
		return err
	}
	if err := u.openOnce(family); err != nil {
		return err
	}
	if err := unix.Connect(u.fd, to); err != nil {
		return err
	}
	u.connected = true
	return nil
}

func (u *udp) disconnect() error {
	if err := disconnectUDP(u.fd); err != nil {
		return err
	}
	u.connected = false
	return nil
}

// send is send(bytes, address, port), or send(bytes) on a connected socket. Unless it returns an
// error, udpSent follows.
func (u *udp) send(c *engine.Call) error {
	bytes, _ := c.Arg(0).Bytes()
	d := datagram{bytes: bytes}
	if address := c.Arg(1).Text(); address != "" {
		to, family, err := sockaddrOf(address, int(c.Arg(2).Int()))
		if err != nil {
			return err
		}
		if err := u.openOnce(family); err != nil {
			return err
		}
		d.to = to
	}
	if u.fd < 0 {
		return unix.EBADF
	}
	u.size += len(bytes)
	if len(u.queue) == 0 {
		if err := u.transmit(d); err != unix.EAGAIN {
			u.queueResult(len(bytes), err)
			return nil
		}
	}
	d.bytes = append([]byte(nil), bytes...) // Copied, because the script may change its bytes.
	u.queue = append(u.queue, d)
	return u.updateWatcher()
}

func (u *udp) transmit(d datagram) (err error) {
	for {
		if d.to == nil {
			_, err = unix.SendmsgN(u.fd, d.bytes, nil, nil, 0)
		} else {
			err = unix.Sendto(u.fd, d.bytes, 0, d.to)
		}
		if err != unix.EINTR {
			return err
		}
	}
}

// queueResult reports the result of a send to the library on a later turn.
func (u *udp) queueResult(size int, err error) {
	u.results = append(u.results, sendResult{size, err})
	if u.reporting == nil {
		u.reporting = u.h.loop.SetImmediate(u.reportSent)
	}
}

func (u *udp) reportSent() {
	u.reporting = nil
	list := u.results
	u.results = nil
	for _, one := range list {
		u.size -= one.size
		u.tell(udpSent, func(s *engine.Scope) []engine.Value {
			return []engine.Value{s.Int(negativeErrno(one.err)), s.Int(int64(one.size))}
		})
	}
	if u.fd < 0 && len(u.results) == 0 {
		u.h.engine.Release(&u.on)
	}
}

// negativeErrno returns 0 for nil, else the errno as a negative number.
func negativeErrno(err error) int64 {
	if err == nil {
		return 0
	}
	if e := asSystemError(err); e != nil {
		return -int64(e.errno)
	}
	return -int64(unix.EINVAL)
}

// tell calls on.
func (u *udp) tell(what int, values func(s *engine.Scope) []engine.Value) {
	_ = u.h.Do(func(s *engine.Scope) error {
		_, err := s.Kept(u.on).Call(s.Undefined(), append([]engine.Value{s.Int(int64(what))}, values(s)...)...)
		return err
	})
}

// updateWatcher watches for what the socket waits for now.
func (u *udp) updateWatcher() error {
	if u.fd < 0 {
		return unix.EBADF
	}
	var want reactor.Readiness
	if u.receives {
		want |= reactor.Readable
	}
	if len(u.queue) > 0 {
		want |= reactor.Writable
	}
	if u.watcher == nil {
		w, err := u.h.loop.Watch(u.fd, want, u.onReady)
		if err != nil {
			return err
		}
		u.watcher = w
	} else if err := u.watcher.Set(want); err != nil {
		return err
	}
	if u.unrefed {
		u.watcher.Unref()
	} else {
		u.watcher.Ref()
	}
	return nil
}

func (u *udp) setRef(ref bool) error {
	u.unrefed = !ref
	if u.watcher == nil {
		return nil
	}
	return u.updateWatcher()
}

func (u *udp) onReady(got reactor.Readiness) {
	if got&(reactor.Readable|reactor.Error|reactor.Hangup) != 0 {
		u.receive()
	}
	if u.fd >= 0 && got&reactor.Writable != 0 {
		u.flush()
	}
}

// receive reads datagrams into Host.datagramBuffer and reports each, at most datagramBudget. The
// script gets copies.
func (u *udp) receive() {
	if u.h.datagramBuffer == nil {
		u.h.datagramBuffer = make([]byte, maxDatagram)
	}
	for range datagramBudget {
		if u.fd < 0 || !u.receives {
			return
		}
		n, from, err := unix.Recvfrom(u.fd, u.h.datagramBuffer, 0)
		switch {
		case err == unix.EINTR:
			continue
		case err == unix.EAGAIN:
			return
		case err != nil:
			u.tell(udpError, func(s *engine.Scope) []engine.Value { return []engine.Value{s.Int(negativeErrno(err))} })
			return
		}
		address, family, port := endpointText(from)
		u.tell(udpMessage, func(s *engine.Scope) []engine.Value {
			return []engine.Value{s.Uint8Array(u.h.datagramBuffer[:n]), s.String(address), s.String(family), s.Int(int64(port))}
		})
	}
}

// flush sends queued datagrams.
func (u *udp) flush() {
	for range datagramBudget {
		if len(u.queue) == 0 {
			break
		}
		d := u.queue[0]
		err := u.transmit(d)
		if err == unix.EAGAIN {
			return
		}
		u.queue = u.queue[1:]
		u.queueResult(len(d.bytes), err)
	}
	_ = u.updateWatcher() // Ignored: the watcher exists, and only fewer events are wanted.
}

// close closes the socket. Queued datagrams are reported as canceled.
func (u *udp) close() {
	if u.fd < 0 {
		if u.reporting == nil {
			u.h.engine.Release(&u.on)
		}
		return
	}
	if u.watcher != nil {
		u.watcher.Close()
	}
	fd.Close(u.fd)
	u.fd = -1
	delete(u.h.closers, u)
	for _, d := range u.queue {
		u.queueResult(len(d.bytes), unix.ECANCELED)
	}
	u.queue = nil
	switch {
	case u.h.exited && u.reporting != nil:
		u.reporting.Stop()
	case u.reporting == nil:
		u.h.engine.Release(&u.on)
	}
}
