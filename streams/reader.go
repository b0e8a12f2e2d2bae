package streams

import (
	"io"
	"sync"
)

// A Reader is the bridge from a [Readable] to another goroutine. The loop reads ahead up to the
// high-water mark and leaves further bytes in the kernel, so a slow goroutine makes the writer
// wait.
//
// Its methods are safe to call from any goroutine.
type Reader struct {
	r *Readable // never changes

	mu          sync.Mutex // guards the fields below; taken after door.mu
	arrived     sync.Cond  // L is mu: buf or err has changed
	buf         []byte     // the bridge's own; buf[at:] is unread
	at          int
	full        bool   // the loop does not read until half of buf was read
	lost        bool   // bytes behind buf were thrown away, see Retain
	err         error  // reads return it behind buf; nil while more may come
	releaseHold func() // of the Loop.Hold that was taken with full; nil without
	ranged      bool   // a range over Lines is under way
}

// Reader returns the stream's bridge, through which one other goroutine reads with backpressure,
// and starts the flow, unless Pause was called. Read waits for data and returns io.EOF at the end,
// or the error that destroyed the stream. Close destroys the stream. A stream has one bridge: each
// call returns the same, and Lines reads through it too.
//
// The bridge's methods are safe to call from any goroutine. Read must not be called on the loop
// goroutine: it would wait for itself. In a callback of the loop it panics, unless the stream has
// ended.
func (r *Readable) Reader() io.ReadCloser {
	b := r.door.ensureBridge(r)
	r.door.ask()
	r.attach()
	return b
}

// door is the part of a Readable that other goroutines may touch. Two locks are taken in this
// order: door.mu, Reader.mu.
type door struct {
	mu      sync.Mutex // guards the fields below
	bridge  *Reader    // nil until Reader, Lines or Retain makes it
	asked   bool       // the bridge is attached, or a callback that attaches it is posted
	outcome error      // io.EOF once the end was read, or why the stream was destroyed; nil before
}

// ensureBridge returns the bridge, and makes it if there is none. It does not attach it.
func (t *door) ensureBridge(r *Readable) *Reader {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.bridge == nil {
		t.bridge = &Reader{r: r, err: t.outcome}
		t.bridge.arrived.L = &t.bridge.mu
	}
	return t.bridge
}

// ask reports whether the caller must have the bridge attached: it is the first to ask, and there
// will be data.
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

// shut makes reads of the bridge return reason once its buffer is empty, now or when it is made.
func (t *door) shut(reason error) {
	t.mu.Lock()
	if t.outcome == nil {
		t.outcome = reason
	}
	b := t.bridge
	t.mu.Unlock()
	if b != nil {
		b.shut(reason)
		b.releaseLoop() // The bytes left are in its buffer, so it needs no loop.
	}
}

// attachIfAsked attaches the bridge that Lines has asked for. It runs before each delivery, because
// Lines may have been called in a callback of this turn and must miss nothing.
func (r *Readable) attachIfAsked() {
	if r.bridge == nil && r.door.wasAsked() {
		r.attach()
	}
}

// attach makes the bridge, which exists, a consumer of the data. It runs on the loop goroutine.
func (r *Readable) attach() {
	if r.bridge != nil || r.Closed() {
		return
	}
	r.bridge = r.door.ensureBridge(r)
	r.retaining = false
	r.bridge.give(nil) // Retained bytes may fill it already.
	r.OnData(r.bridge.give)
}

// endBridge gives the bridge the bytes that are ahead, also those over the high-water mark, and
// then the end: a goroutine that reads them needs the loop no more. It does nothing the second
// time.
func (r *Readable) endBridge() {
	r.requeuePartials()
	if r.bridge != nil && r.bridge.giveAhead(r.ahead) {
		r.unblock()
	}
	r.door.shut(io.EOF)
}

// giveAhead adds the bytes of ahead that the bridge has not had, and reports whether the bridge
// kept the stream from reading, which it does no more. It runs on the loop goroutine.
func (b *Reader) giveAhead(ahead []segment) (wasFull bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil || b.lost {
		return false
	}
	for _, s := range ahead {
		if s.to&toData != 0 {
			b.add(s.p)
		}
	}
	wasFull, b.full = b.full, false
	return wasFull
}

// Retain is Resume, but if nobody listens, data is kept instead of thrown away. A later call of
// Lines or Reader gets the bytes from here on, up to the high-water mark. If more bytes came before
// that call, it gets [ErrUnread] behind them.
func (r *Readable) Retain() {
	r.retaining = r.flow != flowOn && r.bridge == nil && len(r.pipes) == 0 &&
		r.data.Len() == 0 && r.text.Len() == 0 && r.line.Len() == 0
	r.Resume()
}

// retain runs on the loop goroutine before the bridge is attached. Another goroutine may already be
// reading from the bridge.
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

// room returns how many bytes the loop may read now. A closed bridge throws bytes away, so it sets
// no limit. room runs on the loop goroutine.
func (b *Reader) room() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil || b.lost {
		return readBufferSize
	}
	return b.r.hwm - b.unread()
}

func (b *Reader) unread() int { return len(b.buf) - b.at }

// give runs on the loop goroutine, with at most room bytes.
func (b *Reader) give(chunk []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil || b.lost {
		return
	}
	b.add(chunk)
	if b.unread() >= b.r.hwm {
		b.full = true
		// A stream that does not read keeps no loop alive: without the Hold, Run could return
		// before the goroutine has got the rest.
		b.releaseHold = b.r.d.loop.Hold()
		b.r.block()
	}
}

// add appends a copy of chunk to the unread bytes. The caller holds mu.
func (b *Reader) add(chunk []byte) {
	b.buf = b.buf[:copy(b.buf, b.buf[b.at:])]
	b.at = 0
	b.buf = append(b.buf, chunk...)
	b.arrived.Signal()
}

// Read waits for data and copies as much as there is into p. It returns io.EOF after the end of the
// data, or the error that destroyed the stream, after the buffered bytes.
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

// peek is a Read whose bytes count as unread until the next peek, so the loop does not replace them
// yet. done is the number of bytes of the previous peek that now count as read.
func (b *Reader) peek(p []byte, done int) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.consume(min(done, b.unread())) // Close may have dropped them.
	if err := b.wait(); err != nil {
		return 0, err
	}
	return copy(p, b.buf[b.at:]), nil
}

// wait returns nil once there are unread bytes, or the error behind the last. The caller holds mu.
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

// consume marks n bytes as read. When half of the buffer is free, it asks the loop to read again:
// once, not for each byte. The caller holds mu.
func (b *Reader) consume(n int) {
	b.at += n
	if b.full && b.unread() <= b.r.hwm/2 {
		b.full = false
		_ = b.r.d.loop.Post(b.roomAgain) // It fails on a closed loop, which has shut the bridge.
	}
}

// roomAgain runs on the loop goroutine.
func (b *Reader) roomAgain() {
	b.r.unblock()
	b.releaseLoop()
}

// Close destroys the stream: its writer gets SIGPIPE or EPIPE. Reads return [ErrClosed] from then
// on, also those that wait now, or io.EOF if the stream has ended. Close returns nil.
func (b *Reader) Close() error {
	b.destroy(nil)
	return nil
}

// destroy is Readable.Destroy for other goroutines.
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
		// A stream that was shut before is closed already: nothing is posted to a loop that may
		// never run again. On a closed loop Post fails, and the stream is closed too.
		_ = b.r.d.loop.Post(func() { b.r.Destroy(err) })
	}
}

// releaseLoop lets Run return again: the stream reads again, or it is closed and the bytes left are
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

// shut makes reads return err once the buffered bytes are read. Only the first call has an effect;
// shut reports whether this is it.
func (b *Reader) shut(err error) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return false
	}
	b.err = err
	b.full = false // Nothing is posted to a loop that may never run again: the stream is closed.
	b.arrived.Broadcast()
	return true
}
