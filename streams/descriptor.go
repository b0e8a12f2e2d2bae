package streams

import (
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/reactor"
)

// descriptor is an open descriptor with the one or two halves that use it. It owns fd, which is
// closed when the last half is closed, and the watcher, which is in use once a half has waited for
// something.
type descriptor struct {
	loop         *reactor.Loop
	hub          *hub
	fd           int              // -1 once closed
	watcher      *reactor.Watcher // memory, but for a second one
	watched      bool             // watcher is in use
	firstWatcher reactor.Watcher
	readable     *Readable // nil when there is no such half, or it is closed
	writable     *Writable

	// blocking is set when the descriptor is in blocking mode and must stay so, because the open
	// file description is also somebody else's: a terminal's, or a child's. Then a call is made
	// only after the poller said it would not block, and only one.
	blocking bool

	// shared is set when others have the connection too: a child was given the descriptor, or it is
	// one of the program's first three. Shutting a direction down would do it to them; only End,
	// which says that nobody is to write any more, still does.
	shared bool

	// fresh is set when the open file description is this stream's alone and in non-blocking mode,
	// see ReadableOptions.Fresh.
	fresh bool

	nowaitRefused bool // the kernel cannot be asked not to wait in a single call, see readOnce
	// S_IFMT bits, valid when kindKnown; none for what has no type, such as an eventfd
	kind      uint32
	kindKnown bool
	load      pipeLoad

	prev, next *descriptor // in hub.open
}

// open takes ownership of n, unless it is one of the program's first three: of these it makes a
// duplicate. It does not change the mode: O_NONBLOCK belongs to the open file description, which a
// terminal or an inherited descriptor shares with other processes.
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

// lastStandard is the last descriptor that a program is started with. Everything in it may use the
// first three at any time, so that they are not a stream's to close.
const lastStandard = 2

// openForeign finds out how to use a descriptor that others may have, too. A terminal, which in
// most programs is in blocking mode and whose mode a shell may change at any time, and a pipe in
// blocking mode are opened once more (so does libuv, uv_tty_init): then the mode is the stream's
// own. What cannot be opened again is used with care, see readOnce.
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

// update tells the poller what the halves wait for now. A failure is the failure of those halves.
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
		// Giving up the first half has come here for the second, perhaps with the same result.
		if d.writable != nil && want&reactor.Writable != 0 {
			d.writable.Destroy(err)
		}
	}
}

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

// ready is the watcher's callback. The first half may close the second.
func (d *descriptor) ready(got reactor.Readiness) {
	if got&(reactor.Readable|reactor.Hangup|reactor.Error) != 0 && d.readable != nil && d.readable.waits() {
		d.readable.ready(got)
	}
	if got&(reactor.Writable|reactor.Error) != 0 && d.writable != nil && d.writable.waits() {
		d.writable.ready()
	}
}

// closeReadHalf gives up the reading half.
func (d *descriptor) closeReadHalf() {
	d.readable = nil
	if d.writable == nil {
		d.close()
		return
	}
	if !d.shared {
		// Best effort: the peer should not wait for a reader that is gone.
		_ = unix.Shutdown(d.fd, unix.SHUT_RD)
	}
	d.update()
}

// closeWriteHalf gives up the writing half, which is how the peer sees the end.
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
		// The goroutine ends with the time that SO_LINGER says, at the latest. Nobody waits for it:
		// whoever has set the option wants the kernel to wait, not the loop.
		go fd.Close(d.fd)
	} else {
		fd.Close(d.fd)
	}
	d.fd = -1
}

// lingers reports whether closing the descriptor may take a while.
func (d *descriptor) lingers() bool {
	if d.kindKnown && !d.isSocket() {
		return false
	}
	return fd.Lingers(d.fd)
}

// abandon closes without events, with the loop.
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

// lend readies the descriptor for a child that will use it too, and whose programs expect blocking
// mode. A pipe or a terminal that others may have is opened once more for that, under the same
// number; a socket that others may have cannot be, and stays in the mode that it has.
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
			d.unwatch() // The poller knows what is there now.
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

func (d *descriptor) unwatch() {
	if d.watched {
		d.watcher.Close()
		d.watcher, d.watched = new(reactor.Watcher), false
	}
}
