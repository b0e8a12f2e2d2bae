package streams

import (
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/reactor"
)

// descriptor is an open descriptor with the one or two halves that use it. It owns fd, which is closed when the last half
// is closed, and the watcher, which exists once a half has waited for something.
type descriptor struct {
	loop    *reactor.Loop
	hub     *hub
	fd      int // -1 once closed
	watcher reactor.Watcher
	watched bool      // watcher is in use
	reader  *Readable // nil when there is no such half, or it is closed
	writer  *Writable

	// shared is set when the descriptor is in blocking mode and must stay so, because the open file description is also
	// somebody else's: a terminal's, or a child's. Then a call is made only after the poller said it would not block,
	// and only one.
	shared bool

	// lent is set when a child was given the descriptor. The connection is then the child's too, and shutting a direction
	// down would do it to the child; only End, which says that nobody is to write any more, still does.
	lent bool

	// fresh is set when the open file description is this stream's alone and in non-blocking mode, see ReadableOptions.Fresh.
	fresh bool

	kind     uint32 // S_IFMT bits, 0 until fileType asked
	enlarged bool

	prev, next *descriptor // in hub.open
}

// open takes ownership of fd. It does not change its mode: O_NONBLOCK belongs to the open file description, which a
// terminal or an inherited descriptor shares with other processes.
func (d *descriptor) open(l *reactor.Loop, fd int, fresh bool) error {
	if l == nil {
		return wrap("open", fd, errNilLoop)
	}
	hub, err := hubOf(l)
	if err != nil {
		return wrap("open", fd, err)
	}
	d.loop, d.hub, d.fd, d.fresh = l, hub, fd, fresh
	if !fresh {
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
		if err != nil {
			return wrap("open", fd, err)
		}
		d.shared = flags&unix.O_NONBLOCK == 0
	}
	hub.open.add(d)
	return nil
}

// update tells the poller what the halves wait for now. A failure is the failure of those halves.
func (d *descriptor) update() {
	if d.fd < 0 {
		return
	}
	var want reactor.Readiness
	refed := false
	if d.reader != nil && d.reader.waits() {
		want |= reactor.Readable
		refed = !d.reader.unrefed
	}
	if d.writer != nil && d.writer.waits() {
		want |= reactor.Writable
		refed = refed || !d.writer.unrefed
	}
	if err := d.watch(want, refed); err != nil {
		if d.reader != nil && want&reactor.Readable != 0 {
			d.reader.Destroy(err)
		}
		// Giving up the first half has come here for the second, perhaps with the same result.
		if d.writer != nil && want&reactor.Writable != 0 {
			d.writer.Destroy(err)
		}
	}
}

func (d *descriptor) watch(want reactor.Readiness, refed bool) error {
	if !d.watched {
		if want == 0 {
			return nil
		}
		if err := d.loop.WatchInto(&d.watcher, d.fd, want, d.ready); err != nil {
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
	if got&(reactor.Readable|reactor.Hangup|reactor.Error) != 0 && d.reader != nil && d.reader.waits() {
		d.reader.ready(got)
	}
	if got&(reactor.Writable|reactor.Error) != 0 && d.writer != nil && d.writer.waits() {
		d.writer.ready()
	}
}

// releaseReader gives up the reading half.
func (d *descriptor) releaseReader() {
	d.reader = nil
	if d.writer == nil {
		d.close()
		return
	}
	if !d.lent {
		// Best effort: the peer should not wait for a reader that is gone.
		_ = unix.Shutdown(d.fd, unix.SHUT_RD)
	}
	d.update()
}

// releaseWriter gives up the writing half, which is how the peer sees the end.
func (d *descriptor) releaseWriter(finished bool) {
	d.writer = nil
	if d.reader == nil {
		d.close()
		return
	}
	if finished || !d.lent {
		// Best effort: the connection may be gone already (ENOTCONN).
		_ = unix.Shutdown(d.fd, unix.SHUT_WR)
	}
	d.update()
}

func (d *descriptor) close() {
	switch {
	case d.watched && d.fresh && !d.lent:
		d.watcher.CloseWithFD()
	case d.watched:
		d.watcher.Close()
	}
	d.hub.open.remove(d)
	fd.Close(d.fd)
	d.fd = -1
}

// abandon closes without events, with the loop.
func (d *descriptor) abandon() {
	if d.reader != nil {
		d.reader.abandon()
	}
	if d.writer != nil {
		d.writer.abandon()
	}
	d.reader, d.writer = nil, nil
	d.close()
}

// lend puts the open file description into blocking mode for a child that will use it too.
func (d *descriptor) lend() (int, error) {
	if d.fd < 0 {
		return -1, ErrClosed
	}
	if !d.shared {
		if err := fd.SetNonblock(d.fd, false); err != nil {
			return -1, wrap("fcntl", d.fd, err)
		}
		d.shared = true
	}
	d.lent = true
	return d.fd, nil
}
