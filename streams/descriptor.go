package streams

import (
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/reactor"
)

// descriptor is an open descriptor and the halves that use it: a Readable, a Writable, or both. It
// owns fd and its watcher, and closes them when the last half is closed. Only the loop goroutine
// uses it. A system call that fails destroys the half that needed it.
type descriptor struct {
	// Set by open, never changed. The zero descriptor is not open.
	loop *reactor.Loop
	hub  *hub

	fd int // owned; -1 once it is closed

	// watcher points to firstWatcher, or after unwatch to another, and is in use while watched is
	// set: from the first time that a half waits.
	watcher      *reactor.Watcher
	watched      bool
	firstWatcher reactor.Watcher

	readable *Readable // nil when there is no such half, or it is closed
	writable *Writable // likewise

	// blocking is set when the descriptor is in blocking mode and must stay so, because others use
	// the open file description: a terminal's, or a child's. Then a call is made only after the
	// poller reported readiness, and only one.
	blocking bool

	// shared is set when others have the connection too: a child has got the descriptor, or it is
	// one of the program's first three. Shutting a direction down would do it to them too, so only
	// End does that, which says that no more data comes.
	shared bool

	// fresh is set when the open file description is the stream's alone and in non-blocking mode,
	// see ReadableOptions.Fresh.
	fresh bool

	nowaitRefused bool // the kernel has no flag for a single call that must not wait, see readOnce

	// kind has the S_IFMT bits of the file type, 0 for a descriptor without one such as an eventfd.
	// It is valid while kindKnown is set.
	kind      uint32
	kindKnown bool

	load pipeLoad // traffic of a pipe

	prev, next *descriptor // in hub.descriptors
}

// open takes ownership of n if it returns no error; of one of the program's first three it owns a
// duplicate. It does not change the mode: O_NONBLOCK belongs to the open file description, which a
// terminal or an inherited descriptor shares with other processes. Errors are *OpError.
func (d *descriptor) open(l *reactor.Loop, n int, fresh bool) error {
	if l == nil {
		return wrap("open", n, errNilLoop)
	}
	hub, err := hubOf(l)
	if err != nil {
		return wrap("open", n, err)
	}
	d.loop, d.hub, d.fd, d.fresh, d.watcher = l, hub, n, fresh, &d.firstWatcher
	if !fresh {
		if err := d.openForeign(); err != nil {
			return wrap("open", n, err)
		}
	}
	hub.descriptors.add(d)
	return nil
}

// lastStandard is the last descriptor that every program starts with. All code of the program may
// use these three at any time, so a stream must not close them.
const lastStandard = 2

// openForeign prepares a descriptor that others may have too. It opens a terminal, which is mostly
// in blocking mode and whose mode a shell may change at any time, and a pipe in blocking mode once
// more, as libuv does (uv_tty_init): the new description is the stream's alone. A descriptor that
// cannot be opened again stays as it is; readOnce says how it is then used. The error is that of
// the system call.
func (d *descriptor) openForeign() error {
	n := d.fd
	flags, err := unix.FcntlInt(uintptr(n), unix.F_GETFL, 0)
	if err != nil {
		return err
	}
	d.blocking = flags&unix.O_NONBLOCK == 0
	if d.isDevice() || d.isPipe() && d.blocking {
		if again, err := fd.Reopen(n, true); err == nil {
			if n <= lastStandard {
				d.fd = again
			} else if err := fd.Replace(n, again); err != nil {
				fd.Close(again)
				return err
			}
			d.blocking, d.fresh = false, true
			return nil
		}
	}
	if n <= lastStandard {
		d.fd, err = fd.Duplicate(n, lastStandard+1)
		d.shared = true
	}
	return err
}

// update tells the poller the readiness that the halves wait for now. If the poller refuses, those
// halves are destroyed.
func (d *descriptor) update() {
	if d.fd < 0 {
		return
	}
	var want reactor.Readiness
	refed := false
	if d.readable != nil && d.readable.waits() {
		want |= reactor.Readable
		refed = !d.readable.unrefed
	}
	if d.writable != nil && d.writable.waits() {
		want |= reactor.Writable
		refed = refed || !d.writable.unrefed
	}
	if err := d.watch(want, refed); err != nil {
		if d.readable != nil && want&reactor.Readable != 0 {
			d.readable.Destroy(err)
		}
		// Destroying the first half calls update for the second, which may have failed too.
		if d.writable != nil && want&reactor.Writable != 0 {
			d.writable.Destroy(err)
		}
	}
}

// watch sets the readiness that the watcher reports, and whether the watcher keeps the loop alive.
func (d *descriptor) watch(want reactor.Readiness, refed bool) error {
	if !d.watched {
		if want == 0 {
			return nil
		}
		if err := d.loop.WatchInto(d.watcher, d.fd, want, d.ready); err != nil {
			return err
		}
		d.watched = true
	} else if err := d.watcher.Set(want); err != nil {
		return err
	}
	if refed || want == 0 {
		d.watcher.Ref()
	} else {
		d.watcher.Unref()
	}
	return nil
}

// ready is called by the watcher. A callback of the first half may close the second.
func (d *descriptor) ready(got reactor.Readiness) {
	if got&(reactor.Readable|reactor.Hangup|reactor.Error) != 0 && d.readable != nil && d.readable.waits() {
		d.readable.ready(got)
	}
	if got&(reactor.Writable|reactor.Error) != 0 && d.writable != nil && d.writable.waits() {
		d.writable.ready()
	}
}

// closeReadHalf closes the descriptor, or shuts down reading while the other half is open.
func (d *descriptor) closeReadHalf() {
	d.readable = nil
	if d.writable == nil {
		d.close()
		return
	}
	if !d.shared {
		// Best effort: the peer should learn that its bytes are not read.
		_ = unix.Shutdown(d.fd, unix.SHUT_RD)
	}
	d.update()
}

// closeWriteHalf closes the descriptor, or shuts down writing while the other half is open: that is
// how the peer sees the end.
func (d *descriptor) closeWriteHalf(finished bool) {
	d.writable = nil
	if d.readable == nil {
		d.close()
		return
	}
	if finished || !d.shared {
		// Best effort: the connection may be gone already (ENOTCONN).
		_ = unix.Shutdown(d.fd, unix.SHUT_WR)
	}
	d.update()
}

// close closes the watcher before fd: epoll(7) watches the open file description, and a copy of it
// in a child would keep firing. A description without such a copy leaves epoll by itself.
func (d *descriptor) close() {
	lingers := d.lingers()
	switch {
	case d.watched && d.alone() && !lingers:
		d.watcher.CloseWithFD()
	case d.watched:
		d.watcher.Close()
	}
	d.hub.descriptors.remove(d)
	d.restorePipeSize()
	if lingers {
		// The goroutine ends when SO_LINGER's time is over, at the latest. Nobody waits for it:
		// who has set the option wants the kernel to wait, not the loop.
		go fd.Close(d.fd)
	} else {
		fd.Close(d.fd)
	}
	d.fd = -1
}

// lingers reports whether close(2) may wait, because of SO_LINGER (socket(7)).
func (d *descriptor) lingers() bool {
	if d.kindKnown && !d.isSocket() {
		return false
	}
	return fd.Lingers(d.fd)
}

// abandon closes the descriptor and its halves without events, when the loop is closed.
func (d *descriptor) abandon() {
	if d.readable != nil {
		d.readable.abandon()
	}
	if d.writable != nil {
		d.writable.abandon()
	}
	d.readable, d.writable = nil, nil
	d.close()
}

// lend prepares the descriptor for a child that will use it too and expects blocking mode. A pipe
// or a terminal that others may have is opened once more for the child, under the same number. A
// descriptor that cannot be opened again, such as a socket, stays in its mode. The child's use is
// no change of ownership: d closes fd.
func (d *descriptor) lend() (int, error) {
	if d.fd < 0 {
		return -1, ErrClosed
	}
	switch {
	case d.blocking:
	case d.fresh:
		if err := fd.SetNonblock(d.fd, false); err != nil {
			return -1, wrap("fcntl", d.fd, err)
		}
		d.blocking = true
	default:
		if again, err := fd.Reopen(d.fd, false); err == nil {
			d.unwatch() // The poller watches the former description.
			if err := fd.Replace(d.fd, again); err != nil {
				fd.Close(again)
				return -1, wrap("dup", d.fd, err)
			}
			d.blocking = true
		}
	}
	d.shared = true
	d.update()
	return d.fd, nil
}

// unwatch closes the watcher. The next wait makes another.
func (d *descriptor) unwatch() {
	if d.watched {
		d.watcher.Close()
		d.watcher, d.watched = new(reactor.Watcher), false
	}
}
