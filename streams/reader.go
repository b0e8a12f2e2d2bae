package streams

import (
	"io"
	"sync"
)

// A Reader is the bridge from a [Readable] to another goroutine. The loop reads ahead up to the high-water mark and then
// leaves the rest in the kernel, so a slow goroutine stops the writer.
type Reader struct {
	r *Readable

	mu      sync.Mutex
	arrived sync.Cond // L is mu
	buf     []byte
	at      int    // buf[at:] is unread
	full    bool   // the loop has stopped reading
	err     error  // what follows buf
	release func() // of Loop.Hold, while full
}

// Reader returns a bridge for reading the stream from one other goroutine with backpressure; it starts the flow. Its
// Read blocks for data and returns io.EOF at the end, or the error that destroyed the stream; its Close destroys the
// stream. There is one bridge per stream: calling Reader again returns the same.
//
// The bridge's methods are safe to call from any goroutine. They must not be called on the loop goroutine: Read would wait
// for itself.
func (r *Readable) Reader() io.ReadCloser {
	if r.reader != nil {
		return r.reader
	}
	b := &Reader{r: r}
	b.arrived.L = &b.mu
	r.reader = b
	if r.state == readDestroyed {
		b.shut(ErrClosed)
		return b
	}
	if r.Closed() {
		b.shut(io.EOF)
		return b
	}
	r.OnEnd(func() { b.shut(io.EOF) })
	r.OnError(func(err error) { b.shut(err) })
	r.OnClose(func() {
		b.shut(ErrClosed)
		b.unhold()
	})
	r.OnData(b.give)
	return b
}

// room is how much the loop may read now, in bytes. It is called on the loop goroutine.
func (b *Reader) room() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.r.hwm - b.unread()
}

func (b *Reader) unread() int { return len(b.buf) - b.at }

// give is called on the loop goroutine with at most room bytes.
func (b *Reader) give(chunk []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return
	}
	b.buf = b.buf[:copy(b.buf, b.buf[b.at:])]
	b.at = 0
	b.buf = append(b.buf, chunk...)
	b.arrived.Signal()
	if b.unread() >= b.r.hwm {
		b.full = true
		// Without it Run could end, with the child gone and the stream not reading, before the goroutine has got the rest.
		b.release = b.r.d.loop.Hold()
		b.r.block()
	}
}

// Read waits for data and copies what there is into p.
func (b *Reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.unread() == 0 {
		if b.err != nil {
			return 0, b.err
		}
		b.arrived.Wait()
	}
	n := copy(p, b.buf[b.at:])
	b.at += n
	if b.full && b.unread() <= b.r.hwm/2 {
		b.full = false
		// A closed loop has shut the bridge, so there is nothing to continue.
		_ = b.r.d.loop.Post(b.more)
	}
	return n, nil
}

// more is posted when there is room again.
func (b *Reader) more() {
	b.r.unblock()
	b.unhold()
}

// Close destroys the stream: its writer gets SIGPIPE or EPIPE. Reads, also those that wait, return [ErrClosed], or io.EOF
// when the stream has come to its end.
func (b *Reader) Close() error {
	first := b.shut(ErrClosed)
	b.mu.Lock()
	b.buf, b.at = nil, 0
	b.mu.Unlock()
	if first {
		// Else the stream is closed already, and the loop, which may never run again, is not asked for anything. On a
		// closed loop the stream is closed too.
		_ = b.r.d.loop.Post(func() { b.r.Destroy(nil) })
	}
	return nil
}

// unhold lets the loop end again: it goes on reading, or the stream is closed and the rest is in buf.
func (b *Reader) unhold() {
	b.mu.Lock()
	release := b.release
	b.release = nil
	b.mu.Unlock()
	if release != nil {
		release()
	}
}

// shut has reads return err once the buffered bytes are read. The first reason stays; shut reports whether this is it.
func (b *Reader) shut(err error) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return false
	}
	b.err = err
	b.arrived.Broadcast()
	return true
}
