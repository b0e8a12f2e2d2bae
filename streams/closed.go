package streams

import "github.com/brood-go/brood/reactor"

// This file makes streams that are closed from the beginning, for an object that promises streams,
// such as a child, and could not open them: its user listens to them all the same.

// NewClosedReadable returns a stream without a descriptor. It is like a stream that was destroyed
// with err before anybody could listen: OnClose is the only event still to come, and FD is -1.
// Lines, Reader, Collect and the destination of a Pipe get err, or [ErrClosed] if err is nil. For a
// nil or closed loop NewClosedReadable returns an *[OpError]; for a closed loop it wraps
// [reactor.ErrClosed].
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

// NewClosedWritable is [NewClosedReadable] for a [Writable]. Write returns [ErrClosed], and End
// does nothing. The Write and the Close of a Writer return err, or ErrClosed if err is nil. A
// Readable that is piped to the stream finds it closed.
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

// NewClosedDuplex returns both halves, made by [NewClosedReadable] and [NewClosedWritable].
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

// openNothing makes d a closed descriptor of l.
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

// orClosed returns the error for consumers of a stream that was destroyed with err.
func orClosed(err error) error {
	if err == nil {
		return ErrClosed
	}
	return err
}
