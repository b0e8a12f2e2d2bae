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
	// HighWaterMark is the number of queued bytes from which on NeedDrain is true. 0:
	// DefaultHighWaterMark.
	HighWaterMark int

	// Fresh, Pipe and KeepSize are what they are in [ReadableOptions].
	Fresh, Pipe, KeepSize bool
}

// A Writable is the writing half of a pipe, a socket or another descriptor.
//
// A Writable's methods must be called on the loop goroutine unless their comment says otherwise.
type Writable struct {
	own descriptor // d points here unless the descriptor is a Duplex's
	d   *descriptor

	hwm       int
	state     writeState
	unrefed   bool
	holds     int // see Hold
	needDrain bool
	cause     error // why it was destroyed
	queue     writeQueue
	written   int64  // bytes the kernel took
	marks     []mark // callbacks of WriteThen, by offset
	splicing  *pipe  // the splicing pipe that waits for room, if any
	pipes     []*pipe

	drain        events.Event[struct{}]
	finish       events.Event[struct{}]
	err          events.Event[error]
	close        events.Event[struct{}]
	closeWatcher CloseWatcher // nil without, see Readable.NotifyClose
	bridge       *Writer
}

// writeState goes from open through ending to finished, or from one of the first two to destroyed.
type writeState uint8

const (
	writeOpen      writeState = iota
	writeEnding               // End was called, the queue is being flushed
	writeFinished             // everything was written
	writeDestroyed            // the queue was dropped
)

// mark is a callback due when the kernel has taken everything up to offset.
type mark struct {
	offset int64
	done   func(error)
}

// NewWritable returns a stream that writes to fd. It takes ownership of fd once it returned no
// error; of fd 0, 1 and 2 it has a duplicate, so that the program's stdout stays open after End.
// (Its reader sees the end when the program closes it too.) The mode of fd is left as it is, and
// the loop waits in no mode, as [NewReadable] has it. Errors are *[OpError].
func NewWritable(l *reactor.Loop, fd int, o *WritableOptions) (*Writable, error) {
	w := new(Writable)
	if err := w.own.open(l, fd, o != nil && o.Fresh); err != nil {
		return nil, err
	}
	w.init(&w.own, o)
	return w, nil
}

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

// Write writes p, or queues a copy of what the kernel does not take, and returns len(p). It never
// blocks. It fails with [ErrWriteAfterEnd] after End and with [ErrClosed] once the stream was
// destroyed. A failure of the write itself, such as EPIPE, is not returned but comes as the error
// event, once.
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

// refusal returns why a write is a mistake now, nil if it is none.
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

// WriteThen is Write that calls done, on a later tick, when the kernel has taken all of p, also
// when p is empty, or with the error when the stream is destroyed before. The calls come in the
// order of the writes. When WriteThen returns an error, done is not called.
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
		offset = math.MaxInt64 // This very write failed: never reached.
	}
	w.marks = append(w.marks, mark{offset, done})
	if w.state == writeDestroyed || w.queue.empty() {
		w.d.loop.NextTick(w.fireMarks)
	}
	return n, nil
}

// End has the stream finish once everything is written: it closes the descriptor, or shuts down the
// writing half of a duplex one, then emits finish and close. Calling it again, or on a destroyed
// stream, does nothing.
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

// cancelDrain has those go on who wait for a drain, which will not come: they find that the stream
// takes no more. It calls nobody else.
func (w *Writable) cancelDrain() {
	w.needDrain = false
	for _, p := range w.pipes {
		p.unblockSource()
	}
	if w.bridge != nil {
		w.bridge.drained()
	}
}

// Destroy closes the descriptor, or the writing half, at once and drops what is queued. OnError
// gets err, if it is not nil, on the next tick; OnClose comes last. Destroying a stream that has
// finished or was destroyed does nothing.
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

// NeedDrain reports whether the giver should wait for OnDrain: the queue has reached the high-water
// mark and was not empty since. It is false where no drain will come: after End, after Destroy, and
// after a write that failed. Who goes on then gets the error from Write.
func (w *Writable) NeedDrain() bool { return w.needDrain }

// Buffered returns the number of bytes queued.
func (w *Writable) Buffered() int { return w.queue.size }

// BytesWritten returns the number of bytes the kernel has taken.
func (w *Writable) BytesWritten() int64 { return w.written }

// FD returns the descriptor, -1 once it is closed. It stays the stream's.
func (w *Writable) FD() int { return w.d.fd }

// Closed reports whether the stream has finished or was destroyed.
func (w *Writable) Closed() bool { return w.state > writeEnding }

// Ref has the stream keep the loop alive while it has something to write, as a new one does.
func (w *Writable) Ref() { w.unrefed = false; w.d.update() }

// Unref lets the loop end while the stream has something to write.
func (w *Writable) Unref() { w.unrefed = true; w.d.update() }

// OnDrain calls fn when the queue has become empty after NeedDrain was true, unless End was called.
func (w *Writable) OnDrain(fn func()) *events.Listener { return w.drain.On(notNil(fn, "OnDrain")) }

// OnFinish calls fn once, when everything written before End is with the kernel.
func (w *Writable) OnFinish(fn func()) *events.Listener { return w.finish.On(notNil(fn, "OnFinish")) }

// OnError calls fn once when writing failed or Destroy was given an error.
func (w *Writable) OnError(fn func(error)) *events.Listener { return w.err.On(fn) }

// OnClose calls fn once, after every other event.
func (w *Writable) OnClose(fn func()) *events.Listener { return w.close.On(notNil(fn, "OnClose")) }

// Lend prepares the descriptor for a child that will write to it as one of its stdio slots: it is
// in blocking mode then, as [Readable.Lend] has it. It returns [ErrClosed] when the stream is
// closed.
func (w *Writable) Lend() (fd int, err error) { return w.d.lend() }

// BelongsTo reports whether the stream is one of l. Safe to call from any goroutine.
func (w *Writable) BelongsTo(l *reactor.Loop) bool { return w.d.loop == l }

// Hold keeps the stream from waiting for room until Release: what the kernel does not take at once
// stays queued. It is the counterpart of [Readable.Hold].
func (w *Writable) Hold() { w.holds++; w.d.update() }

// Release undoes one Hold.
func (w *Writable) Release() { w.holds--; w.d.update() }

// waits reports whether the stream waits for its descriptor to become writable.
func (w *Writable) waits() bool {
	return w.state <= writeEnding && w.holds == 0 && (!w.queue.empty() || w.splicing != nil)
}

// ready writes what the kernel takes.
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
	// The poller is told last: most listeners of drain write on, and then there is nothing to tell
	// it.
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

func (w *Writable) breakPipes() {
	for _, p := range w.pipes {
		p.broken()
	}
}

// NotifyClose is what [Readable.NotifyClose] is.
func (w *Writable) NotifyClose(c CloseWatcher) { w.closeWatcher = c }

// noteWritten notes that the kernel took n bytes.
func (w *Writable) noteWritten(n int) {
	w.written += int64(n)
	if len(w.marks) > 0 && w.marks[0].offset <= w.written {
		w.d.loop.NextTick(w.fireMarks)
	}
}

// fireMarks calls the callbacks that are due: all of them once the stream is destroyed.
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

func (w *Writable) fireMark(m mark, err error) {
	called := false
	defer func() {
		if !called && len(w.marks) > 0 {
			w.d.loop.NextTick(w.fireMarks) // The panic goes on. The others still get their call.
		}
	}()
	reactor.Call(w.d.loop, m.done, err)
	called = true
}

// abandon is the end with the loop: nobody is told but the goroutine that may wait in a bridge.
func (w *Writable) abandon() {
	w.state = writeDestroyed
	w.shutBridge(ErrClosed)
}

// shutBridge has goroutines that write get err from now on. It does not wait for the events: they
// would not come any more if the loop were closed before their turn.
func (w *Writable) shutBridge(err error) {
	if w.bridge != nil {
		w.bridge.shut(err)
	}
}
