package host

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/script/engine"
	"github.com/brood-go/brood/streams"
)

// connect is connect(network, address, localAddress, done). It returns an attempt with ref, unref
// and close, or [negative errno, failed system call]. done is called with a negative number, or
// with 0 and a stream.
func (h *Host) connect(c *engine.Call) (engine.Value, error) {
	prototype, err := h.prototype(c.Scope, "attempt", attemptMethods)
	if err != nil {
		return c.Undefined(), err
	}
	x := &attempt{h: h, done: h.keepCallback(c.Scope, c.Arg(3))}
	o := &streams.ConnectOptions{LocalAddress: c.Arg(2).Text()}
	x.Attempt, err = streams.Connect(h.loop, c.Arg(0).Text(), c.Arg(1).Text(), o, x.onDone)
	if err == nil {
		h.closers[x] = struct{}{}
		return c.Native(prototype, x), nil
	}
	h.engine.Release(&x.done)
	call := "connect"
	if op, ok := err.(*streams.OpError); ok && op.Op == "bind" {
		call = op.Op
	}
	number, err := resultOf(c, 0, err)
	return c.Array(number, c.String(call)), err
}

// attempt is the native object of a connection that is being made. done is zero once it was called,
// or close was.
type attempt struct {
	*streams.Attempt
	h    *Host
	done engine.Kept
}

func attemptMethods(b *builder) {
	method(b, "ref", func(x *attempt, c *engine.Call) (engine.Value, error) { x.Ref(); return c.Undefined(), nil })
	method(b, "unref", func(x *attempt, c *engine.Call) (engine.Value, error) { x.Unref(); return c.Undefined(), nil })
	method(b, "close", func(x *attempt, c *engine.Call) (engine.Value, error) { x.close(); return c.Undefined(), nil })
}

func (x *attempt) close() {
	x.Cancel()
	delete(x.h.closers, x)
	x.h.engine.Release(&x.done)
}

// onDone passes the connection, or the error, to done. It destroys the connection if the script has
// ended.
func (x *attempt) onDone(d *streams.Duplex, err error) {
	delete(x.h.closers, x)
	if x.h.exited {
		if d != nil {
			d.Destroy(nil)
		}
		return
	}
	_ = x.h.Do(func(s *engine.Scope) error {
		number, made := s.Int(0), s.Undefined()
		if err != nil {
			number = s.Int(-int64(unix.EINVAL))
			if e := asSystemError(err); e != nil {
				number = s.Int(-int64(e.errno))
			}
		} else if made, err = x.h.newConnection(s, d); err != nil {
			return err
		}
		_, err := s.Kept(x.done).Call(s.Undefined(), number, made)
		return err
	})
	x.h.engine.Release(&x.done)
}

// socket is the native object of a socket that is bound and does not listen. Its methods are fd,
// listen(backlog, on) and close. The host owns the descriptor until listen.
type socket struct {
	h    *Host
	fd   int    // -1 once it is closed or detached
	path string // the file that close removes; empty: none
}

func (h *Host) newSocket(c *engine.Call, n int, path string) (engine.Value, error) {
	prototype, err := h.prototype(c.Scope, "socket", socketMethods)
	if err != nil {
		fd.Close(n)
		return c.Undefined(), err
	}
	x := &socket{h, n, path}
	h.closers[x] = struct{}{}
	return c.Native(prototype, x), nil
}

func socketMethods(b *builder) {
	method(b, "fd", func(x *socket, c *engine.Call) (engine.Value, error) { return c.Int(int64(x.fd)), nil })
	method(b, "close", func(x *socket, c *engine.Call) (engine.Value, error) { x.close(); return c.Undefined(), nil })
	method(b, "listen", (*socket).listen)
}

// detach returns the descriptor, which the caller owns then.
func (x *socket) detach() int {
	n := x.fd
	x.fd = -1
	delete(x.h.closers, x)
	return n
}

func (x *socket) close() {
	if n := x.detach(); n >= 0 {
		fd.Close(n)
		removeSocket(x.path)
	}
}

// removeSocket removes the file of a Unix socket, as libuv does, unless the name is abstract.
func removeSocket(path string) {
	if path != "" && path[0] != 0 {
		_ = os.Remove(path) // Best effort: another process may have removed it.
	}
}

// bindTCP is bindTCP(address, port, ipv6Only, reusePort). It returns a bound socket, or a negative
// number.
func (h *Host) bindTCP(c *engine.Call) (engine.Value, error) {
	to, family, err := sockaddrOf(c.Arg(0).Text(), int(c.Arg(1).Int()))
	if err != nil {
		return resultOf(c, 0, err)
	}
	n, err := fd.Socket(family, unix.SOCK_STREAM)
	if err != nil {
		return resultOf(c, 0, err)
	}
	set := &socketOptions{fd: n}
	set.on(unix.SOL_SOCKET, unix.SO_REUSEADDR, true)
	set.on(unix.SOL_SOCKET, unix.SO_REUSEPORT, c.Arg(3).Bool())
	if family == unix.AF_INET6 {
		set.value(unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, intOf(c.Arg(2).Bool()))
	}
	if set.err == nil {
		set.err = unix.Bind(n, to)
	}
	if set.err != nil {
		fd.Close(n)
		return resultOf(c, 0, set.err)
	}
	return h.newSocket(c, n, "")
}

// socketOptions sets options of a socket, and keeps the first error.
type socketOptions struct {
	fd  int
	err error
}

func (o *socketOptions) on(level, option int, yes bool) {
	if yes {
		o.value(level, option, 1)
	}
}

func (o *socketOptions) value(level, option, value int) {
	if o.err == nil {
		o.err = unix.SetsockoptInt(o.fd, level, option, value)
	}
}

// bindPipe is bindPipe(path). It returns a bound Unix socket, or a negative number.
func (h *Host) bindPipe(c *engine.Call) (engine.Value, error) {
	path := c.Arg(0).Text()
	n, err := fd.Socket(unix.AF_UNIX, unix.SOCK_STREAM)
	if err != nil {
		return resultOf(c, 0, err)
	}
	if err := unix.Bind(n, &unix.SockaddrUnix{Name: path}); err != nil {
		fd.Close(n)
		if err == unix.ENOENT {
			err = unix.EACCES // libuv reports EACCES.
		}
		return resultOf(c, 0, err)
	}
	return h.newSocket(c, n, path)
}

// adoptSocket takes ownership of a descriptor, to listen on it.
func (h *Host) adoptSocket(c *engine.Call) (engine.Value, error) {
	n := int(c.Arg(0).Int())
	if _, err := unix.GetsockoptInt(n, unix.SOL_SOCKET, unix.SO_TYPE); err != nil {
		if err == unix.ENOTSOCK {
			err = unix.EINVAL
		}
		return resultOf(c, 0, err)
	}
	return h.newSocket(c, n, "")
}

// openStream is open(fd, readable, writable). It takes ownership of fd and returns a stream, or it
// returns a negative number and leaves fd to the script.
func (h *Host) openStream(c *engine.Call) (engine.Value, error) {
	n := int(c.Arg(0).Int())
	flags, err := unix.FcntlInt(uintptr(n), unix.F_GETFL, 0)
	if err != nil {
		return resultOf(c, 0, err)
	}
	h.disownFD(n)
	mode := flags & unix.O_ACCMODE
	reads, writes := mode != unix.O_WRONLY && c.Arg(1).Bool(), mode != unix.O_RDONLY && c.Arg(2).Bool()
	switch {
	case reads && writes:
		d, err := streams.NewDuplex(h.loop, n, nil)
		if err != nil {
			return resultOf(c, 0, err)
		}
		return h.newConnection(c.Scope, d)
	case writes:
		w, err := streams.NewWritable(h.loop, n, nil)
		if err != nil {
			return resultOf(c, 0, err)
		}
		return h.newStream(c.Scope, nil, w)
	default:
		r, err := streams.NewReadable(h.loop, n, nil)
		if err != nil {
			return resultOf(c, 0, err)
		}
		return h.newStream(c.Scope, r, nil)
	}
}

// listener is the native object of a listening socket. Its methods are pause, resume, close, ref,
// unref and fd. It is in Host.closers until close.
type listener struct {
	h    *Host
	l    *streams.Listener
	on   engine.Kept
	path string

	unrefed bool
}

// listen is listen(backlog, on). It turns the socket into a listener, and returns that or a
// negative number. on is called with 0 and a stream for each connection, or with a negative number
// if accepting failed.
func (t *socket) listen(c *engine.Call) (engine.Value, error) {
	prototype, err := t.h.prototype(c.Scope, "listener", listenerMethods)
	if err != nil {
		return c.Undefined(), err
	}
	// The program may have been started with it.
	if err := unix.SetNonblock(t.fd, true); err != nil {
		return resultOf(c, 0, err)
	}
	if err := unix.Listen(t.fd, int(c.Arg(0).Int())); err != nil {
		return resultOf(c, 0, err)
	}
	x := &listener{h: t.h, path: t.path}
	if x.l, err = streams.NewListener(t.h.loop, t.fd, x.onConnection); err != nil {
		if errors.Is(err, unix.EEXIST) {
			t.detach() // Another watcher of the loop has the descriptor, and closes it.
		}
		return resultOf(c, 0, err)
	}
	t.detach() // The listener owns it.
	x.on = x.h.keepCallback(c.Scope, c.Arg(1))
	x.h.closers[x] = struct{}{}
	x.l.OnError(func(err error) {
		number := int64(unix.EIO)
		if e := asSystemError(err); e != nil {
			number = int64(e.errno)
		}
		x.tell(func(s *engine.Scope) []engine.Value { return []engine.Value{s.Int(-number)} })
	})
	return c.Native(prototype, x), nil
}

// onConnection passes a connection to the script, or destroys it if the script has ended.
func (x *listener) onConnection(d *streams.Duplex) {
	if x.h.exited { // Other users may keep the loop running.
		d.Destroy(nil)
		return
	}
	x.tell(func(s *engine.Scope) []engine.Value {
		made, err := x.h.newConnection(s, d)
		if err != nil {
			return []engine.Value{s.Int(-int64(unix.ENOMEM))}
		}
		return []engine.Value{s.Int(0), made}
	})
}

func (x *listener) tell(args func(s *engine.Scope) []engine.Value) {
	_ = x.h.Do(func(s *engine.Scope) error {
		_, err := s.Kept(x.on).Call(s.Undefined(), args(s)...)
		return err
	})
}

func listenerMethods(b *builder) {
	simple := func(name string, fn func(*streams.Listener)) {
		method(b, name, func(x *listener, c *engine.Call) (engine.Value, error) { fn(x.l); return c.Undefined(), nil })
	}
	simple("pause", (*streams.Listener).Pause)
	simple("resume", (*streams.Listener).Resume)
	method(b, "ref", func(x *listener, c *engine.Call) (engine.Value, error) {
		x.unrefed = false
		x.l.Ref()
		return c.Undefined(), nil
	})
	method(b, "unref", func(x *listener, c *engine.Call) (engine.Value, error) {
		x.unrefed = true
		x.l.Unref()
		return c.Undefined(), nil
	})
	method(b, "fd", func(x *listener, c *engine.Call) (engine.Value, error) { return c.Int(int64(x.l.FD())), nil })
	method(b, "close", func(x *listener, c *engine.Call) (engine.Value, error) { x.close(); return c.Undefined(), nil })
}

func (x *listener) close() {
	if x.l.FD() >= 0 {
		x.l.Close()
		removeSocket(x.path)
	}
	delete(x.h.closers, x)
	x.h.engine.Release(&x.on)
}
