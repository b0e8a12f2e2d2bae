package streams

import (
	"io"
	"sync"
)

// A Writer is the bridge from other goroutines to a [Writable]. Its methods are safe to call from
// any goroutine. Two locks are taken in this order: writeMu, mu.
type Writer struct {
	w *Writable // never changes

	writeMu sync.Mutex // held by a Write, so that another cannot come into its middle

	mu          sync.Mutex // guards the fields below
	changed     sync.Cond  // L is mu: pending was taken, or closeCalled or err was set
	pending     []byte     // bytes that the loop has not taken; they are lost once err is set
	spare       []byte     // memory for pending while flush writes the other slice
	posted      bool       // a flush is posted
	stalled     bool       // the stream must drain before another flush is posted
	closeCalled bool       // Close was called
	err         error      // writes return it; nil while the stream takes more
}

// Writer returns the stream's bridge, through which other goroutines write. Its Write copies p. It
// waits while the stream's NeedDrain is true and the bridge itself holds as many bytes as the
// high-water mark, and returns the error that destroyed the stream. Writes of several goroutines do
// not mix. Its Close ends the stream and waits until everything was written. If the loop goroutine
// ended the stream before it took everything, Close returns [ErrWriteAfterEnd]. A stream has one
// bridge: each call returns the same. An idle bridge does not keep the loop alive: take a Loop.Hold
// for a goroutine that will write later.
//
// The bridge's methods are safe to call from any goroutine. They must not be called on the loop
// goroutine: they would wait for it. In a callback of the loop they panic, unless the stream has
// ended.
func (w *Writable) Writer() io.WriteCloser {
	if w.bridge != nil {
		return w.bridge
	}
	b := &Writer{w: w}
	b.changed.L = &b.mu
	w.bridge = b
	switch w.state {
	case writeFinished:
		b.shut(errFinished)
		return b
	case writeDestroyed:
		b.shut(orClosed(w.cause))
		return b
	}
	w.OnDrain(b.drained)
	return b
}

// errFinished is Writer.err after the stream has finished. If nothing is pending, that is success.
var errFinished = ErrWriteAfterEnd

// Write queues a copy of p for the stream. It returns the number of bytes queued.
func (b *Writer) Write(p []byte) (int, error) {
	b.mustNotWait("streams: Write of a Writable's Writer")
	b.writeMu.Lock()
	defer b.writeMu.Unlock()
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for {
		for b.err == nil && !b.closeCalled && len(b.pending) >= b.w.hwm {
			b.changed.Wait()
		}
		if b.err != nil {
			return n, b.err
		}
		if b.closeCalled {
			return n, ErrWriteAfterEnd
		}
		k := min(len(p), b.w.hwm-len(b.pending))
		b.pending = append(b.pending, p[:k]...)
		p = p[k:]
		n += k
		if err := b.wakeLoop(); err != nil {
			return n - k, err
		}
		if len(p) == 0 {
			return n, nil
		}
	}
}

// Close ends the stream and waits until its last byte is written.
func (b *Writer) Close() error {
	b.mustNotWait("streams: Close of a Writable's Writer")
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.closeCalled {
		b.closeCalled = true
		b.changed.Broadcast()
		if b.err == nil {
			if err := b.wakeLoop(); err != nil {
				return err
			}
		}
	}
	for b.err == nil {
		b.changed.Wait()
	}
	if b.err == errFinished && len(b.pending) == 0 {
		return nil
	}
	return b.err
}

// mustNotWait panics in a callback of the loop, where op would wait for the loop itself.
func (b *Writer) mustNotWait(op string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil {
		b.w.d.loop.MustNotWait(op)
	}
}

// wakeLoop posts a flush, unless one is posted or the stream must drain first. The caller holds mu.
// The error is ErrClosed for a closed loop.
func (b *Writer) wakeLoop() error {
	if b.posted || b.stalled {
		return nil
	}
	if err := b.w.d.loop.Post(b.flush); err != nil {
		return ErrClosed
	}
	b.posted = true
	return nil
}

// flush writes the pending bytes to the stream. It runs on the loop goroutine.
func (b *Writer) flush() {
	b.mu.Lock()
	b.posted = false
	if b.stalled { // The stream stalled after this flush was posted: drained posts another.
		b.mu.Unlock()
		return
	}
	if err := b.w.refusal(); err != nil {
		lost := len(b.pending) > 0
		b.mu.Unlock()
		if lost {
			b.shut(err)
		}
		return
	}
	p := b.pending
	b.pending, b.spare = b.spare[:0], nil
	ended := b.closeCalled
	b.changed.Broadcast()
	b.mu.Unlock()

	_, _ = b.w.Write(p) // The stream is open, and a failing system call is its error event.

	b.mu.Lock()
	b.spare = p[:0]
	b.stalled = b.w.NeedDrain()
	b.mu.Unlock()
	if ended {
		b.w.End()
	}
}

// drained posts a flush of the bytes that have come since the stream stalled. It is a listener of
// OnDrain.
func (b *Writer) drained() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stalled = false
	if len(b.pending) > 0 || b.closeCalled {
		_ = b.wakeLoop() // It fails on a closed loop, which has shut the bridge.
	}
}

// shut makes Write and Close return err from now on. Only the first call has an effect.
func (b *Writer) shut(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil {
		b.err = err
		b.changed.Broadcast()
	}
}
