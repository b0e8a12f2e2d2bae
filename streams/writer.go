package streams

import (
	"io"
	"sync"
)

// A Writer is the bridge from other goroutines to a [Writable].
type Writer struct {
	w *Writable

	writeMu sync.Mutex // of the Write under way, which no other cuts; taken before mu

	mu      sync.Mutex // taken after turn
	changed sync.Cond  // L is mu
	// given by goroutines, not yet taken by the loop; for good, once err is set
	pending     []byte
	spare       []byte // pending's other buffer
	posted      bool   // flush is on its way
	stalled     bool   // the stream asked to wait
	closeCalled bool   // Close was called
	err         error  // why no more is taken
}

// Writer returns a bridge for writing to the stream from other goroutines. Its Write copies p and
// blocks while the stream asks to wait and the bridge itself holds as much as the high-water mark;
// it returns the error that destroyed the stream, if that is so. Writes of several goroutines do
// not mix. Its Close ends the stream and waits until everything was written; when the stream was
// ended on the loop goroutine before it took everything, that is [ErrWriteAfterEnd]. There is one
// bridge per stream: calling Writer again returns the same. An idle bridge does not keep the loop
// alive: take a Loop.Hold for a goroutine that will write later.
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

// errFinished is Writer.err after a good end, which it is if nothing is pending.
var errFinished = ErrWriteAfterEnd

// Write queues a copy of p for the stream.
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

// Close ends the stream and waits for its last byte to be written.
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

func (b *Writer) mustNotWait(op string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil {
		b.w.d.loop.MustNotWait(op)
	}
}

// wakeLoop has flush run on the loop goroutine. It is called under mu.
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

// flush gives the stream what is pending. It runs on the loop goroutine.
func (b *Writer) flush() {
	b.mu.Lock()
	b.posted = false
	if b.stalled { // Since this flush was posted. There will be another after the drain.
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

	_, _ = b.w.Write(p) // It is open, and a failing system call is its error event.

	b.mu.Lock()
	b.spare = p[:0]
	b.stalled = b.w.NeedDrain()
	b.mu.Unlock()
	if ended {
		b.w.End()
	}
}

// drained goes on, after the stream has drained, with what arrived meanwhile.
func (b *Writer) drained() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stalled = false
	if len(b.pending) > 0 || b.closeCalled {
		// On a closed loop the bridge is shut.
		_ = b.wakeLoop()
	}
}

func (b *Writer) shut(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil {
		b.err = err
		b.changed.Broadcast()
	}
}
