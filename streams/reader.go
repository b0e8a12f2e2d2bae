package streams

import (
	"io"
	"sync"
)

// A Reader is the bridge from a [Readable] to another goroutine. The loop reads ahead up to the
// high-water mark and then leaves the rest in the kernel, so a slow goroutine stops the writer.
type Reader struct {
	r *Readable

	mu          sync.Mutex
	arrived     sync.Cond // L is mu
	buf         []byte
	at          int    // buf[at:] is unread
	full        bool   // the loop has stopped reading
	lost        bool   // what followed buf was thrown away, see Retain
	err         error  // what follows buf
	releaseHold func() // of Loop.Hold, while full
	ranged      bool   // a range over Lines is under way
}

// Reader returns a bridge for reading the stream from one other goroutine with backpressure; it
// starts the flow. Its Read blocks for data and returns io.EOF at the end, or the error that
// destroyed the stream; its Close destroys the stream. There is one bridge per stream: calling
// Reader again returns the same, and Lines reads through it too.
//
// The bridge's methods are safe to call from any goroutine. Read must not be called on the loop
// goroutine: it would wait for itself. In a callback of the loop it panics, unless the stream has
// ended.
func (r *Readable) Reader() io.ReadCloser {
	b := r.door.makeBridge(r)
	r.door.ask()
	r.attach()
	return b
}

// door is the part of a Readable that other goroutines may touch: its bridge, and whether there
// will be more for it. When both are held, mu is locked before the bridge's.
type door struct {
	mu      sync.Mutex
	bridge  *Reader // made for those who ask, and for Retain
	asked   bool    // the bridge is attached, or that is posted
	outcome error   // io.EOF once the end was read, or what destroyed the stream
}

// makeBridge returns the bridge, which is not attached yet if this makes it.
func (t *door) makeBridge(r *Readable) *Reader {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.bridge == nil {
		t.bridge = &Reader{r: r, err: t.outcome}
		t.bridge.arrived.L = &t.bridge.mu
	}
	return t.bridge
}

// ask reports whether the bridge must be attached: nobody asked for that before, and there will be
// something to read.
func (t *door) ask() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	first := !t.asked
	t.asked = true
	return first && t.outcome == nil
}

func (t *door) wasAsked() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.asked
}

// shut tells the goroutine that may wait in the bridge, or will.
func (t *door) shut(reason error) {
	t.mu.Lock()
	if t.outcome == nil {
		t.outcome = reason
	}
	b := t.bridge
	t.mu.Unlock()
	if b != nil {
		b.shut(reason)
		b.releaseLoop() // What is left is in its buffer: it needs no loop.
	}
}

// attachIfAsked attaches the bridge when somebody has asked for that, before anything more is
// delivered: Lines posts it, and may have been called in a callback.
func (r *Readable) attachIfAsked() {
	if r.bridge == nil && r.door.wasAsked() {
		r.attach()
	}
}

// attach has the bridge, which was made, take the data from now on. It is called on the loop
// goroutine.
func (r *Readable) attach() {
	if r.bridge != nil || r.Closed() {
		return
	}
	r.bridge = r.door.makeBridge(r)
	r.retaining = false
	r.bridge.give(nil) // What was retained may fill it already.
	r.OnData(r.bridge.give)
}

// Retain is a Resume that keeps what would be thrown away: when nobody listens, a call of Lines or
// Reader that comes later gets the data from here on, up to the high-water mark; after that it gets
// [ErrUnread] if there was more.
func (r *Readable) Retain() {
	r.retaining = r.flow != flowOn && r.bridge == nil && len(r.pipes) == 0 &&
		r.data.Len() == 0 && r.text.Len() == 0 && r.line.Len() == 0
	r.Resume()
}

// retain is called on the loop goroutine while the bridge is not attached, and perhaps read
// already.
func (b *Reader) retain(chunk []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil || b.lost {
		return
	}
	if room := b.r.hwm - b.unread(); len(chunk) > room {
		chunk = chunk[:room]
		b.lost = true
	}
	b.add(chunk)
}

// room is how much the loop may read now, in bytes; what the bridge does not take is thrown away.
// It is called on the loop goroutine.
func (b *Reader) room() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil || b.lost {
		return readBufferSize
	}
	return b.r.hwm - b.unread()
}

func (b *Reader) unread() int { return len(b.buf) - b.at }

// give is called on the loop goroutine with at most room bytes.
func (b *Reader) give(chunk []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil || b.lost {
		return
	}
	b.add(chunk)
	if b.unread() >= b.r.hwm {
		b.full = true
		// Without it Run could end, with the child gone and the stream not reading, before the
		// goroutine has got the rest.
		b.releaseHold = b.r.d.loop.Hold()
		b.r.block()
	}
}

// add is called under mu.
func (b *Reader) add(chunk []byte) {
	b.buf = b.buf[:copy(b.buf, b.buf[b.at:])]
	b.at = 0
	b.buf = append(b.buf, chunk...)
	b.arrived.Signal()
}

// Read waits for data and copies what there is into p.
func (b *Reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil {
		b.r.d.loop.MustNotWait("streams: Read of a Readable's Reader")
	}
	if err := b.wait(); err != nil {
		return 0, err
	}
	n := copy(p, b.buf[b.at:])
	b.consume(n)
	return n, nil
}

// peek is a Read whose bytes stay unread, so that the loop does not replace them yet; it first has
// done bytes of the peek before become read.
func (b *Reader) peek(p []byte, done int) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.consume(min(done, b.unread())) // Close may have dropped them.
	if err := b.wait(); err != nil {
		return 0, err
	}
	return copy(p, b.buf[b.at:]), nil
}

// wait returns once there is something unread, or else what follows. It is called under mu.
func (b *Reader) wait() error {
	for b.unread() == 0 {
		switch {
		case b.lost:
			return ErrUnread
		case b.err != nil:
			return b.err
		}
		b.arrived.Wait()
	}
	return nil
}

// consume is called under mu.
func (b *Reader) consume(n int) {
	b.at += n
	if b.full && b.unread() <= b.r.hwm/2 {
		b.full = false
		// A closed loop has shut the bridge.
		_ = b.r.d.loop.Post(b.roomAgain)
	}
}

// roomAgain is posted when there is room again.
func (b *Reader) roomAgain() {
	b.r.unblock()
	b.releaseLoop()
}

// Close destroys the stream: its writer gets SIGPIPE or EPIPE. Reads, also those that wait, return
// [ErrClosed], or io.EOF when the stream has come to its end.
func (b *Reader) Close() error {
	b.destroy(nil)
	return nil
}

// destroy is Readable.Destroy for the goroutine of the bridge.
func (b *Reader) destroy(err error) {
	reason := err
	if reason == nil {
		reason = ErrClosed
	}
	first := b.shut(reason)
	b.mu.Lock()
	b.buf, b.at = nil, 0
	b.mu.Unlock()
	if first {
		// Else the stream is closed already, and the loop, which may never run again, is not asked
		// for anything. On a closed loop the stream is closed too.
		_ = b.r.d.loop.Post(func() { b.r.Destroy(err) })
	}
}

// releaseLoop lets the loop end again: it goes on reading, or the stream is closed and the rest is
// in buf.
func (b *Reader) releaseLoop() {
	b.mu.Lock()
	release := b.releaseHold
	b.releaseHold = nil
	b.mu.Unlock()
	if release != nil {
		release()
	}
}

// shut has reads return err once the buffered bytes are read. The first reason stays; shut reports
// whether this is it.
func (b *Reader) shut(err error) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return false
	}
	b.err = err
	b.full = false // The stream will not go on: a loop that may never run again is not asked to.
	b.arrived.Broadcast()
	return true
}
