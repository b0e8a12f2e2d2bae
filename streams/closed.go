package streams

import "github.com/brood-go/brood/reactor"

// This file makes streams that are closed from the beginning. They are for an object that promises
// streams and finds out, when it cannot open them, that its user has a program which listens to
// them all the same.

// NewClosedReadable returns a stream without a descriptor. It is like one that was destroyed with
// err before anybody could listen: OnClose is the only event that is still to come, FD is -1, and a
// goroutine in Lines or Reader, Collect, and the destination of a Pipe get err, or [ErrClosed] if
// that is nil. It returns [reactor.ErrClosed] for a closed loop, as an *[OpError].
func NewClosedReadable(l *reactor.Loop, err error) (*Readable, error) {
	r := new(Readable)
	if err := r.own.openNothing(l); err != nil {
		return nil, err
	}
	r.init(&r.own, nil)
	r.own.readable = nil
	r.state, r.cause = readDestroyed, err
	r.door.shut(orClosed(err))
	l.QueueClosing(r.emitClose)
	return r, nil
}

// NewClosedWritable is to [Writable] what [NewClosedReadable] is to [Readable]. Write returns
// [ErrClosed], End does nothing, the Write and the Close of a Writer return err, or ErrClosed if
// that is nil, and a Readable that is piped to it finds it closed.
func NewClosedWritable(l *reactor.Loop, err error) (*Writable, error) {
	w := new(Writable)
	if err := w.own.openNothing(l); err != nil {
		return nil, err
	}
	w.init(&w.own, nil)
	w.own.writable = nil
	w.state, w.cause = writeDestroyed, err
	l.QueueClosing(w.emitClose)
	return w, nil
}

// NewClosedDuplex returns both at once, as [NewClosedReadable] and [NewClosedWritable] do.
func NewClosedDuplex(l *reactor.Loop, err error) (*Duplex, error) {
	r, failed := NewClosedReadable(l, err)
	if failed != nil {
		return nil, failed
	}
	w, failed := NewClosedWritable(l, err)
	if failed != nil {
		return nil, failed
	}
	x := &Duplex{Readable: r, Writable: w}
	x.d.fd = -1
	return x, nil
}

// openNothing has d be one that is closed.
func (d *descriptor) openNothing(l *reactor.Loop) error {
	if l == nil {
		return wrap("open", -1, errNilLoop)
	}
	hub, err := hubOf(l)
	if err != nil {
		return wrap("open", -1, err)
	}
	d.loop, d.hub, d.fd, d.watcher = l, hub, -1, &d.firstWatcher
	return nil
}

// orClosed is what those are told who wait for something of a stream that was destroyed with err.
func orClosed(err error) error {
	if err == nil {
		return ErrClosed
	}
	return err
}
