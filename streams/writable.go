package streams

import (
	"math"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/events"
	"github.com/brood-go/brood/reactor"
)

// writeBudget is the number of write calls per readiness.
const writeBudget = 16

// WritableOptions configure a [Writable]. A nil *WritableOptions means all defaults.
type WritableOptions struct {
	// HighWaterMark is the number of queued bytes from which on NeedDrain is true. 0 or negative:
	// DefaultHighWaterMark.
	HighWaterMark int

	// Fresh, Pipe and KeepSize are the same as in [ReadableOptions].
	Fresh, Pipe, KeepSize bool
}

// A Writable is the writing half of a pipe, a socket or another descriptor. It closes its
// descriptor when it has finished after End, when a write fails, and when it is destroyed. A write
// that fails destroys it with an *[OpError].
//
// A Writable's methods must be called on the loop goroutine unless their comment says otherwise.
type Writable struct {
	// d is never nil. It is &own, or the descriptor of the Duplex that the stream is half of.
	own descriptor
	d   *descriptor

	hwm       int // queued bytes from which on NeedDrain is true; > 0
	state     writeState
	unrefed   bool       // Unref was called after the last Ref
	holds     int        // number of Holds; queued bytes are written only while it is 0
	needDrain bool       // the queue has reached hwm and was not empty since, and a drain will come
	cause     error      // argument of Destroy; nil while the stream is not destroyed
	queue     writeQueue // bytes that the kernel did not take
	written   int64      // bytes that the kernel took
	marks     []mark     // callbacks of WriteThen, by offset

	splicing *pipe   // the pipe whose splice waits for room, nil without
	pipes    []*pipe // pipes that end here; the array is replaced, not changed, when one goes

	drain  events.Event[struct{}]
	finish events.Event[struct{}]
	err    events.Event[error]
	close  events.Event[struct{}]

	closeWatcher CloseWatcher // of NotifyClose, nil without
	bridge       *Writer      // nil until Writer makes it
}

// writeState goes from writeOpen through writeEnding to writeFinished, or from one of the first two
// to writeDestroyed.
type writeState uint8

const (
	writeOpen      writeState = iota
	writeEnding               // End was called, and bytes are still queued
	writeFinished             // everything was written, the half is closed
	writeDestroyed            // the queue was dropped, the half is closed
)

// mark is a callback to call when the kernel has taken all bytes up to offset.
type mark struct {
	offset int64
	done   func(error)
}

// NewWritable returns a stream that writes to fd. It takes ownership of fd if it returns no error;
// otherwise fd stays the caller's. Of fd 0, 1 and 2 it owns a duplicate, so the program's stdout
// stays open after End, and its reader sees the end only when the program closes stdout too. The
// mode of fd stays as it is, and the loop waits in neither mode, see [NewReadable]. Errors are
// *[OpError]; for a closed loop it wraps [ErrClosed].
func NewWritable(l *reactor.Loop, fd int, o *WritableOptions) (*Writable, error) {
	w := new(Writable)
	if err := w.own.open(l, fd, o != nil && o.Fresh); err != nil {
		return nil, err
	}
	w.init(&w.own, o)
	return w, nil
}

// init makes w a half of d, which is open. o may be nil.
func (w *Writable) init(d *descriptor, o *WritableOptions) {
	w.d = d
	d.writable = w
	w.hwm = DefaultHighWaterMark
	if o == nil {
		return
	}
	d.load.refused = d.load.refused || o.KeepSize
	if o.Pipe {
		d.markPipe()
	}
	if o.HighWaterMark > 0 {
		w.hwm = o.HighWaterMark
	}
}

// Write writes p, queues a copy of the bytes that the kernel does not take, and returns len(p). It
// never blocks. It does not retain p. After End it returns [ErrWriteAfterEnd], and after Destroy
// [ErrClosed]. If the write itself fails, for instance with EPIPE, Write returns no error: the
// stream is destroyed, and OnError gets the error once.
func (w *Writable) Write(p []byte) (int, error) {
	if err := w.refusal(); err != nil {
		return 0, err
	}
	rest := p
	if w.queue.empty() && w.splicing == nil && len(p) > 0 {
		n, err := w.d.write(p)
		if err != nil && err != unix.EAGAIN {
			w.Destroy(wrap("write", w.d.fd, err))
			return len(p), nil
		}
		w.noteWritten(n)
		rest = p[n:]
	}
	if len(rest) > 0 {
		w.queue.push(w.d.hub, rest)
		w.needDrain = w.needDrain || w.queue.size >= w.hwm
		w.d.update()
	}
	return len(p), nil
}

// refusal returns the error for a write in the present state, nil while the stream is open.
func (w *Writable) refusal() error {
	switch w.state {
	case writeOpen:
		return nil
	case writeEnding, writeFinished:
		return ErrWriteAfterEnd
	}
	return ErrClosed
}

// WriteString is Write of a string.
func (w *Writable) WriteString(s string) (int, error) { return w.Write(bytesOf(s)) }

// WriteThen is Write with a callback. done is called once, on a later tick: with nil when the
// kernel has taken all of p, also if p is empty, or with the error if the stream is destroyed
// before. Callbacks are called in the order of the writes. If WriteThen returns an error, done is
// not called.
func (w *Writable) WriteThen(p []byte, done func(err error)) (int, error) {
	if done == nil {
		panic("streams: WriteThen: nil callback")
	}
	n, err := w.Write(p)
	if err != nil {
		return n, err
	}
	offset := w.written + int64(w.queue.size)
	if w.state == writeDestroyed {
		offset = math.MaxInt64 // This write failed: the offset is never reached.
	}
	w.marks = append(w.marks, mark{offset, done})
	if w.state == writeDestroyed || w.queue.empty() {
		w.d.loop.NextTick(w.fireMarks)
	}
	return n, nil
}

// End finishes the stream once everything is written: it closes the descriptor, or shuts down the
// writing half of a Duplex, and then emits finish and close. End does nothing on a stream that was
// ended or destroyed before.
func (w *Writable) End() {
	if w.state != writeOpen {
		return
	}
	w.state = writeEnding
	if w.queue.empty() {
		w.finishNow()
	}
	w.cancelDrain()
}

// cancelDrain lets pipes and the bridge go on that wait for a drain which will not come: their next
// write fails. It calls no function of the user.
func (w *Writable) cancelDrain() {
	w.needDrain = false
	for _, p := range w.pipes {
		p.unblockSource()
	}
	if w.bridge != nil {
		w.bridge.drained()
	}
}

// Destroy closes the descriptor, or the writing half of a Duplex, at once and drops the queue.
// OnError gets err on the next tick unless it is nil; OnClose is called last. Destroy does nothing
// on a stream that has finished or was destroyed.
func (w *Writable) Destroy(err error) {
	if w.state != writeOpen && w.state != writeEnding {
		return
	}
	w.state = writeDestroyed
	w.cause = err
	w.queue.drop(w.d.hub)
	w.d.closeWriteHalf(false)
	w.cancelDrain()
	w.shutBridge(orClosed(err))
	if err != nil || len(w.marks) > 0 {
		w.d.loop.NextTick(func() {
			w.fireMarks()
			if err != nil {
				defer w.breakPipes()
				reactor.Emit(w.d.loop, &w.err, err)
			}
		})
	}
	w.d.loop.QueueClosing(w.emitClose)
}

// NeedDrain reports whether the caller should wait for OnDrain before it writes more: the queue has
// reached the high-water mark and was not empty since. It is false when no drain will come: after
// End, after Destroy, and after a write that failed. The next Write then returns the error.
func (w *Writable) NeedDrain() bool { return w.needDrain }

// Buffered returns the number of queued bytes.
func (w *Writable) Buffered() int { return w.queue.size }

// BytesWritten returns the number of bytes that the kernel has taken.
func (w *Writable) BytesWritten() int64 { return w.written }

// FD returns the descriptor, -1 once it is closed. The stream keeps ownership.
func (w *Writable) FD() int { return w.d.fd }

// Closed reports whether the stream has finished or was destroyed.
func (w *Writable) Closed() bool { return w.state > writeEnding }

// Ref makes the stream keep the loop alive while bytes are queued, as a new stream does.
func (w *Writable) Ref() { w.unrefed = false; w.d.update() }

// Unref lets the loop end while bytes are queued.
func (w *Writable) Unref() { w.unrefed = true; w.d.update() }

// OnDrain calls fn when the queue has become empty after NeedDrain was true, unless End was called.
func (w *Writable) OnDrain(fn func()) *events.Listener { return w.drain.On(notNil(fn, "OnDrain")) }

// OnFinish calls fn once, when the kernel has taken everything written before End.
func (w *Writable) OnFinish(fn func()) *events.Listener { return w.finish.On(notNil(fn, "OnFinish")) }

// OnError calls fn once if writing failed or Destroy was given an error.
func (w *Writable) OnError(fn func(error)) *events.Listener { return w.err.On(fn) }

// OnClose calls fn once, after every other event.
func (w *Writable) OnClose(fn func()) *events.Listener { return w.close.On(notNil(fn, "OnClose")) }

// Lend prepares the descriptor for a child that will write to it as one of its stdio slots: it puts
// the descriptor into blocking mode, as [Readable.Lend] does, with the same errors. The stream
// keeps ownership of fd.
func (w *Writable) Lend() (fd int, err error) { return w.d.lend() }

// BelongsTo reports whether l is the loop of the stream. Safe to call from any goroutine.
func (w *Writable) BelongsTo(l *reactor.Loop) bool { return w.d.loop == l }

// Hold keeps the stream from waiting for room until Release: bytes that the kernel does not take at
// once stay queued. Holds are counted. See [Readable.Hold].
func (w *Writable) Hold() { w.holds++; w.d.update() }

// Release undoes one Hold.
//
// Preconditions:
//
//   - Release was called less often than Hold.
func (w *Writable) Release() { w.holds--; w.d.update() }

// waits reports whether the poller must report when the descriptor is writable.
func (w *Writable) waits() bool {
	return w.state <= writeEnding && w.holds == 0 && (!w.queue.empty() || w.splicing != nil)
}

// ready is called when the descriptor is writable. It writes the queue, and then lets a splicing
// pipe go on.
func (w *Writable) ready() {
	for range writeBudget {
		if w.queue.empty() {
			break
		}
		n, err := w.d.writev(w.queue.pieces)
		if err == unix.EAGAIN {
			return
		}
		if err != nil {
			w.Destroy(wrap("write", w.d.fd, err))
			return
		}
		w.queue.pop(w.d.hub, n)
		w.noteWritten(n)
	}
	if !w.queue.empty() {
		return
	}
	if w.splicing != nil {
		w.splicing.spliceOnce()
	}
	if w.state > writeEnding {
		return
	}
	// update comes last: most listeners of drain write again, and then the poller need not change.
	defer w.d.update()
	if w.state == writeEnding && w.queue.empty() {
		w.finishNow()
	}
	if !w.needDrain {
		return
	}
	w.needDrain = false
	for _, p := range w.pipes {
		p.unblockSource()
	}
	reactor.Emit(w.d.loop, &w.drain, struct{}{})
}

// finishNow closes the half after the last byte was written.
func (w *Writable) finishNow() {
	w.state = writeFinished
	w.d.closeWriteHalf(true)
	w.shutBridge(errFinished)
	w.d.loop.NextTick(func() { reactor.Emit(w.d.loop, &w.finish, struct{}{}) })
	w.d.loop.QueueClosing(w.emitClose)
}

func (w *Writable) emitClose() {
	defer w.breakPipes()
	w.d.emitClosed(w.closeWatcher, &w.close)
}

// breakPipes tells the pipes that end here that the stream takes no more.
func (w *Writable) breakPipes() {
	for _, p := range w.pipes {
		p.broken()
	}
}

// NotifyClose is the same as [Readable.NotifyClose].
func (w *Writable) NotifyClose(c CloseWatcher) { w.closeWatcher = c }

func (w *Writable) noteWritten(n int) {
	w.written += int64(n)
	if len(w.marks) > 0 && w.marks[0].offset <= w.written {
		w.d.loop.NextTick(w.fireMarks)
	}
}

// fireMarks calls the callbacks whose bytes were taken, or all of them once the stream is
// destroyed.
func (w *Writable) fireMarks() {
	for len(w.marks) > 0 {
		m := w.marks[0]
		var err error
		if m.offset > w.written {
			if w.state <= writeFinished {
				return
			}
			err = orClosed(w.cause)
		}
		w.marks = w.marks[1:]
		w.fireMark(m, err)
	}
}

// fireMark calls one callback. If it panics, the next tick calls the others.
func (w *Writable) fireMark(m mark, err error) {
	called := false
	defer func() {
		if !called && len(w.marks) > 0 {
			w.d.loop.NextTick(w.fireMarks) // The panic goes on. The other callbacks come later.
		}
	}()
	reactor.Call(w.d.loop, m.done, err)
	called = true
}

// abandon destroys the stream when its loop is closed, without events. A goroutine that waits in
// the bridge gets ErrClosed. The caller closes the descriptor.
func (w *Writable) abandon() {
	w.state = writeDestroyed
	w.shutBridge(ErrClosed)
}

// shutBridge makes writes of other goroutines return err from now on. It does not wait for the
// events: if the loop were closed before their turn, they would not come.
func (w *Writable) shutBridge(err error) {
	if w.bridge != nil {
		w.bridge.shut(err)
	}
}
