package streams

import (
	"context"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/events"
	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/reactor"
)

const (
	// acceptBudget is the number of connections accepted per turn: a busy listener must not keep
	// the loop from its other work.
	acceptBudget = 32

	// acceptPause is the time until accept is tried again after the system has refused it, for
	// instance with EMFILE.
	acceptPause = 100 * time.Millisecond
)

// A Listener accepts connections on its loop, without a goroutine. It owns its socket. [Listen] and
// [NewListener] make one.
//
// A Listener's methods must be called on the loop goroutine.
type Listener struct {
	loop    *reactor.Loop
	hub     *hub
	fn      func(*Duplex) // the user's
	fd      int           // -1 once it is closed
	watcher *reactor.Watcher
	retry   *reactor.Timer // ends a pause after accept was refused; nil otherwise
	errors  events.Event[error]
	paused  bool // Pause was called after the last Resume
	unrefed bool // Unref was called after the last Ref

	// Of a Unix socket that Listen has made, which Close removes. file is nil otherwise.
	file os.FileInfo
	path string
}

// Listen listens on an address and calls fn with each connection, in a callback of its own. network
// is "tcp", "tcp4", "tcp6" or "unix". The host should be a number: a name is looked up while the
// loop waits. fn owns the connection and must close or destroy it. Errors are those of package net.
// Listen panics when fn is nil.
func Listen(l *reactor.Loop, network, address string, fn func(*Duplex)) (*Listener, error) {
	if fn == nil {
		panic("streams: Listen: nil callback")
	}
	c := net.ListenConfig{KeepAlive: -1}
	c.SetMultipathTCP(false) // Otherwise each connection would use it.
	ln, err := c.Listen(context.Background(), network, address)
	if err != nil {
		return nil, err
	}
	if u, ok := ln.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(false)
	}
	number, err := takeFD(ln)
	if err != nil {
		return nil, err
	}
	x, err := NewListener(l, number, fn)
	if err != nil {
		fd.Close(number)
		return nil, err
	}
	if network == "unix" && address[:min(1, len(address))] != "@" {
		if x.file, err = os.Lstat(address); err == nil {
			x.path = address
		}
	}
	return x, nil
}

// takeFD returns a non-blocking duplicate of ln's descriptor, which the caller must close, and
// closes ln, so that the poller of package net has nothing to do with it.
func takeFD(ln net.Listener) (number int, err error) {
	defer func() { _ = ln.Close() }()
	f, err := ln.(interface{ File() (*os.File, error) }).File()
	if err != nil {
		return -1, err
	}
	defer func() { _ = f.Close() }()
	if number, err = fd.Duplicate(int(f.Fd()), 0); err != nil {
		return -1, os.NewSyscallError("dup", err)
	}
	if err := fd.SetNonblock(number, true); err != nil {
		fd.Close(number)
		return -1, os.NewSyscallError("fcntl", err)
	}
	return number, nil
}

// NewListener accepts connections from fd and calls fn with each, as [Listen] does. It takes
// ownership of fd if it returns no error. Errors are *[OpError]. It panics when fn is nil.
//
// Preconditions:
//
//   - fd is a listening stream socket in non-blocking mode. A blocking one would make the loop
//     wait.
func NewListener(l *reactor.Loop, fd int, fn func(*Duplex)) (*Listener, error) {
	if fn == nil {
		panic("streams: NewListener: nil callback")
	}
	if l == nil {
		return nil, wrap("listen", fd, errNilLoop)
	}
	h, err := hubOf(l)
	if err != nil {
		return nil, wrap("listen", fd, err)
	}
	x := &Listener{loop: l, hub: h, fn: fn, fd: fd}
	if x.watcher, err = l.Watch(fd, reactor.Readable, func(reactor.Readiness) { x.accept() }); err != nil {
		return nil, err
	}
	h.listeners[x] = struct{}{}
	return x, nil
}

// accept is called when connections wait in the backlog. It calls fn with each.
func (x *Listener) accept() {
	for range acceptBudget {
		if x.fd < 0 || x.paused {
			return
		}
		d, err := x.acceptOne()
		switch {
		case err == unix.EAGAIN:
			return
		case err != nil:
			x.backOff(err)
			return
		}
		reactor.Call(x.loop, x.fn, d)
	}
}

// acceptOne accepts one connection. The error is the bare errno, EAGAIN if there is none, or an
// *OpError.
func (x *Listener) acceptOne() (*Duplex, error) {
	conn, err := fd.Accept(x.fd)
	if err != nil {
		return nil, err
	}
	d, err := NewDuplex(x.loop, conn, &DuplexOptions{Readable: ReadableOptions{Fresh: true}, Writable: WritableOptions{Fresh: true}})
	if err != nil {
		fd.Close(conn)
	}
	return d, err
}

// backOff reports err and accepts nothing for acceptPause: the socket stays ready while accept is
// refused, so the loop would spin.
func (x *Listener) backOff(err error) {
	x.retry = x.loop.SetTimeout(acceptPause, func() {
		x.retry = nil
		x.watch()
	})
	x.watch()
	reactor.Emit(x.loop, &x.errors, wrap("accept", x.fd, err))
}

// watch tells the poller whether to report connections.
func (x *Listener) watch() {
	if x.fd < 0 {
		return
	}
	var want reactor.Readiness
	if !x.paused && x.retry == nil {
		want = reactor.Readable
	}
	if err := x.watcher.Set(want); err != nil && x.retry == nil {
		x.backOff(err)
	}
	if x.retry != nil && x.unrefed {
		x.retry.Unref()
	}
}

// OnError calls fn with an *[OpError] when a connection could not be accepted, for instance because
// there are no descriptors left. The connection waits in the backlog, and the listener tries again
// after 100 ms.
func (x *Listener) OnError(fn func(error)) *events.Listener { return x.errors.On(fn) }

// Pause leaves connections in the backlog until Resume.
func (x *Listener) Pause() { x.paused = true; x.watch() }

// Resume undoes Pause.
func (x *Listener) Resume() { x.paused = false; x.watch() }

// Ref makes the listener keep the loop alive while it accepts, as a new one does.
func (x *Listener) Ref() { x.setUnrefed(false) }

// Unref lets the loop end while the listener accepts.
func (x *Listener) Unref() { x.setUnrefed(true) }

// setUnrefed sets whether the loop may end while the listener accepts, or waits to try again.
func (x *Listener) setUnrefed(unref bool) {
	if x.fd < 0 {
		return
	}
	x.unrefed = unref
	if unref {
		x.watcher.Unref()
	} else {
		x.watcher.Ref()
	}
	if x.retry != nil && unref {
		x.retry.Unref()
	} else if x.retry != nil {
		x.retry.Ref()
	}
}

// FD returns the descriptor, -1 once it is closed. The listener keeps ownership.
func (x *Listener) FD() int { return x.fd }

// Close closes the socket: the kernel refuses the connections in its backlog. It removes the file
// of a Unix socket that Listen has made. Closing a closed listener does nothing.
func (x *Listener) Close() {
	if x.fd < 0 {
		return
	}
	delete(x.hub.listeners, x)
	x.watcher.Close()
	if x.retry != nil {
		x.retry.Stop()
	}
	fd.Close(x.fd)
	x.fd = -1
	if x.file == nil {
		return
	}
	// Another program may have bound the name since.
	if now, err := os.Lstat(x.path); err == nil && os.SameFile(x.file, now) {
		_ = os.Remove(x.path)
	}
}
