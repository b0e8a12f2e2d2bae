package host

import (
	"errors"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/script/engine"
	"github.com/brood-go/brood/streams"
)

// stream is the native object of a byte stream. Either half may be missing. It is in Host.closers
// until both halves are closed.
//
// Its methods are start(on), readStart, readStop, write(bytes or text), shutdown, detach, lend,
// close, ref and unref, and fd, bytesRead, bytesWritten and queued, which return numbers. on is
// called with a number that says what happened (see streamData), and values.
type stream struct {
	h          *Host
	r          *streams.Readable
	w          *streams.Writable
	d          *streams.Duplex // r and w as one connection; nil: they cannot be detached
	on         engine.Kept     // zero before start and after streamClose
	openHalves int             // halves that have not closed since start
	flows      bool            // readStart was called
	failed     bool            // streamError was reported
	unrefed    bool
	onWritten  func(error) // reports streamWritten; made once
}

// The first argument of the function that was given to start. The library has the same numbers in
// internal/stream_handle.js.
const (
	streamData = iota // with a Uint8Array
	streamEnd         // the end of the file
	// with a negative errno and the name of the system call; written data that the kernel has not
	// taken is lost
	streamError
	streamClose   // both halves are closed; the last call
	streamWritten // the kernel has taken all queued data
	streamShut    // the writing half is shut down
)

// Results of write. The library has the same numbers.
const (
	writeTaken  = iota // the kernel has taken all
	writeQueued        // streamWritten follows
	writeFailed        // streamError follows
)

// newStream returns the native object of a stream. Either half may be nil. If there is an error, the
// halves are destroyed.
func (h *Host) newStream(s *engine.Scope, r *streams.Readable, w *streams.Writable) (engine.Value, error) {
	return h.nativeStream(s, &stream{h: h, r: r, w: w})
}

// newConnection is newStream for the two halves of a connection, which can be detached.
func (h *Host) newConnection(s *engine.Scope, d *streams.Duplex) (engine.Value, error) {
	return h.nativeStream(s, &stream{h: h, r: d.Readable, w: d.Writable, d: d})
}

func (h *Host) nativeStream(s *engine.Scope, t *stream) (engine.Value, error) {
	prototype, err := h.prototype(s, "stream", streamMethods)
	if err != nil { // The engine is out of memory.
		if t.r != nil {
			t.r.Destroy(nil)
		}
		if t.w != nil {
			t.w.Destroy(nil)
		}
		return s.Undefined(), err
	}
	t.onWritten = func(err error) {
		if err == nil {
			t.tell(streamWritten)
		}
	}
	h.closers[t] = struct{}{}
	return s.Native(prototype, t), nil
}

// prototype returns the prototype for a kind of natives, made once.
func (h *Host) prototype(s *engine.Scope, kind string, methods func(*builder)) (engine.Value, error) {
	if k, ok := h.hooks["prototype of "+kind]; ok {
		return s.Kept(k), nil
	}
	b := &builder{h: h, s: s, object: s.Object()}
	methods(b)
	if b.err == nil {
		h.hooks["prototype of "+kind] = b.object.Keep()
	}
	return b.object, b.err
}

// method adds a method for natives that stand for a T.
func method[T any](b *builder, name string, fn func(x T, c *engine.Call) (engine.Value, error)) {
	b.fn(name, func(c *engine.Call) (engine.Value, error) {
		x, ok := c.This().Native().(T)
		if !ok {
			return c.Undefined(), &codedError{"TypeError", "ERR_INVALID_THIS", "Illegal invocation"}
		}
		return fn(x, c)
	})
}

func streamMethods(b *builder) {
	method(b, "start", (*stream).start)
	method(b, "readStart", (*stream).readStart)
	method(b, "readStop", (*stream).readStop)
	method(b, "write", (*stream).write)
	method(b, "shutdown", (*stream).shutdown)
	method(b, "detach", (*stream).detach)
	method(b, "lend", (*stream).lend)
	method(b, "close", func(t *stream, c *engine.Call) (engine.Value, error) { t.close(); return c.Undefined(), nil })
	method(b, "ref", func(t *stream, c *engine.Call) (engine.Value, error) { return t.setRef(c, true) })
	method(b, "unref", func(t *stream, c *engine.Call) (engine.Value, error) { return t.setRef(c, false) })
	method(b, "fd", func(t *stream, c *engine.Call) (engine.Value, error) { return c.Int(int64(t.fd())), nil })
	method(b, "bytesRead", func(t *stream, c *engine.Call) (engine.Value, error) {
		if t.r == nil {
			return c.Int(0), nil
		}
		return c.Int(t.r.BytesRead()), nil
	})
	method(b, "bytesWritten", func(t *stream, c *engine.Call) (engine.Value, error) {
		if t.w == nil {
			return c.Int(0), nil
		}
		return c.Int(t.w.BytesWritten()), nil
	})
	method(b, "queued", func(t *stream, c *engine.Call) (engine.Value, error) {
		if t.w == nil {
			return c.Int(0), nil
		}
		return c.Int(int64(t.w.Buffered())), nil
	})
}

func (t *stream) fd() int {
	if t.r != nil && t.r.FD() >= 0 {
		return t.r.FD()
	}
	if t.w != nil {
		return t.w.FD()
	}
	return -1
}

// start sets the function that is called for events. It may be called once. Nothing is read before
// readStart.
func (t *stream) start(c *engine.Call) (engine.Value, error) {
	if !t.on.IsZero() || !c.Arg(0).IsFunction() {
		return c.Undefined(), errors.New("a stream is started once, with a function")
	}
	t.on = t.h.keepCallback(c.Scope, c.Arg(0))
	if r := t.r; r != nil {
		t.openHalves++
		r.OnEnd(func() { t.tell(streamEnd) })
		r.OnError(t.tellError)
		r.OnClose(t.onHalfClose)
	}
	if w := t.w; w != nil {
		t.openHalves++
		w.OnError(t.tellError)
		w.OnFinish(func() { t.tell(streamShut) })
		w.OnClose(t.onHalfClose)
	}
	return c.Undefined(), nil
}

// tell calls on with an event that has no values.
func (t *stream) tell(what int) {
	t.tellWith(what, func(*engine.Scope) []engine.Value { return nil })
}

func (t *stream) tellWith(what int, values func(s *engine.Scope) []engine.Value) {
	if t.on.IsZero() || t.h.exited {
		return
	}
	_ = t.h.Do(func(s *engine.Scope) error {
		_, err := s.Kept(t.on).Call(s.Undefined(), append([]engine.Value{s.Int(int64(what))}, values(s)...)...)
		return err
	})
}

// tellError reports the first error of the two halves.
func (t *stream) tellError(err error) {
	if t.failed {
		return
	}
	t.failed = true
	number, call := int64(unix.EIO), "read"
	if e := asSystemError(err); e != nil {
		number = int64(e.errno)
	}
	if op, ok := errors.AsType[*reactor.OpError](err); ok && op.Op == "write" {
		call = "write"
	}
	t.tellWith(streamError, func(s *engine.Scope) []engine.Value { return []engine.Value{s.Int(-number), s.String(call)} })
}

// onHalfClose is called when a half has closed.
func (t *stream) onHalfClose() {
	if t.openHalves--; t.openHalves > 0 {
		return
	}
	delete(t.h.closers, t)
	t.tell(streamClose)
	t.h.engine.Release(&t.on)
}

func (t *stream) readStart(c *engine.Call) (engine.Value, error) {
	if t.r == nil {
		return c.Undefined(), nil
	}
	if !t.flows {
		t.flows = true
		t.r.OnData(func(chunk []byte) {
			t.tellWith(streamData, func(s *engine.Scope) []engine.Value { return []engine.Value{s.Uint8Array(chunk)} })
		})
	}
	t.r.Resume()
	return c.Undefined(), nil
}

func (t *stream) readStop(c *engine.Call) (engine.Value, error) {
	if t.r != nil {
		t.r.Pause()
	}
	return c.Undefined(), nil
}

// write writes bytes, or a text as UTF-8, and returns writeTaken, writeQueued or writeFailed.
func (t *stream) write(c *engine.Call) (engine.Value, error) {
	if t.w == nil || t.w.Closed() {
		return c.Int(writeFailed), nil
	}
	bytes, ok := c.Arg(0).Bytes()
	var err error
	if ok {
		_, err = t.w.Write(bytes)
	} else {
		_, err = t.w.WriteString(outsideText(c.Arg(0)))
	}
	if err != nil {
		return c.Undefined(), err
	}
	switch {
	case t.w.Closed():
		return c.Int(writeFailed), nil
	case t.w.Buffered() == 0:
		return c.Int(writeTaken), nil
	}
	_, err = t.w.WriteThen(nil, t.onWritten)
	return c.Int(writeQueued), err
}

// shutdown ends the writing half after all queued data; streamShut follows. It returns false if
// there is no open writing half.
func (t *stream) shutdown(c *engine.Call) (engine.Value, error) {
	if t.w == nil || t.w.Closed() {
		return c.Bool(false), nil
	}
	t.w.End()
	return c.Bool(true), nil
}

// detach returns the connection's descriptor, which the caller owns then, or a negative number.
// streamClose follows.
func (t *stream) detach(c *engine.Call) (engine.Value, error) {
	if t.d == nil {
		return c.Int(-int64(unix.EINVAL)), nil
	}
	n, err := t.d.Detach()
	return resultOf(c, n, err)
}

// lend pauses the stream for a child that uses its descriptor as stdio, and returns the descriptor,
// which is borrowed, or a negative number.
func (t *stream) lend(c *engine.Call) (engine.Value, error) {
	if t.r != nil && !t.r.Closed() {
		n, err := t.r.Lend()
		return resultOf(c, n, err)
	}
	if t.w != nil {
		n, err := t.w.Lend()
		return resultOf(c, n, err)
	}
	return c.Int(-int64(unix.EBADF)), nil
}

// close closes both halves at once; streamClose follows.
func (t *stream) close() {
	if t.openHalves == 0 { // start was not called, so no event follows.
		delete(t.h.closers, t)
	}
	if t.r != nil {
		t.r.Destroy(nil)
	}
	if t.w != nil {
		t.w.Destroy(nil)
	}
}

func (t *stream) setRef(c *engine.Call, ref bool) (engine.Value, error) {
	t.unrefed = !ref
	type referrer interface {
		Ref()
		Unref()
	}
	for _, half := range []referrer{t.r, t.w} {
		switch {
		case half == referrer((*streams.Readable)(nil)), half == referrer((*streams.Writable)(nil)):
		case ref:
			half.Ref()
		default:
			half.Unref()
		}
	}
	return c.Undefined(), nil
}
