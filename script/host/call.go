package host

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/script/engine"
)

// Call is how another goroutine asks the script for something. It has fn called on the loop, waits
// until the promise that fn returns is settled, and has result called on the loop with its value; a
// value that is no promise counts as one that has it. Both run in a scope of their own, and neither
// runs after Call has returned. result may be nil.
//
// An exception of fn, or one that the promise is rejected with, is the caller's alone: Call returns
// it, as an [*engine.Exception] of which the text and the stack are good, and the value is not.
// Call returns the errors of fn and result, the cause of ctx if that is done first (the script then
// goes on, and its answer is dropped), and [ErrExited] if the script ends first. A loop that nobody
// runs answers nothing: until it is closed, only ctx ends Call.
//
// Safe to call from any goroutine but the loop's. Must not be called on the loop goroutine: it
// would wait for itself.
func (h *Host) Call(ctx context.Context, fn func(s *engine.Scope) (engine.Value, error),
	result func(v engine.Value) error) error {
	c := &waitingCall{result: result, done: make(chan struct{})}
	if err := h.loop.Do(ctx, func() { h.beginCall(c, fn) }); err != nil {
		return err
	}
	select {
	case <-c.done:
		return c.err
	case <-ctx.Done():
	}
	if c.settled.CompareAndSwap(false, true) {
		// The loop may be closed, and what is waited for with it.
		_ = h.loop.Post(func() { delete(h.calls, c) })
		return context.Cause(ctx)
	}
	<-c.done
	return c.err
}

// waitingCall is one call of [Host.Call].
type waitingCall struct {
	result  func(v engine.Value) error
	settled atomic.Bool   // by the loop, or by the one who waits, whoever comes first
	done    chan struct{} // closed when the loop has settled it
	err     error         // valid once done is closed
}

// beginCall calls fn on the loop, and awaits what it returns.
func (h *Host) beginCall(c *waitingCall, fn func(s *engine.Scope) (engine.Value, error)) {
	if h.exited {
		c.settle(func() error { return ErrExited })
		return
	}
	h.calls[c] = struct{}{}
	err := h.Do(func(s *engine.Scope) error {
		v, err := fn(s)
		if v.Scope() == nil {
			v = s.Undefined()
		}
		if err == nil {
			err = h.Await(v, func(_ *engine.Scope, v engine.Value, err error) { h.finishCall(c, v, err) })
		}
		if err != nil {
			h.finishCall(c, v, err)
		}
		if _, ok := errors.AsType[*engine.Exception](err); ok {
			return nil // It is the caller's, and nobody has to catch it.
		}
		return err
	})
	if err != nil {
		h.finishCall(c, engine.Value{}, err) // fn may not have run.
	}
}

// finishCall gives the one who waits the value, or the error.
func (h *Host) finishCall(c *waitingCall, v engine.Value, err error) {
	delete(h.calls, c)
	c.settle(func() error {
		if x, ok := errors.AsType[*engine.Exception](err); ok {
			x.Stack() // The caller may ask for it when the scope has ended.
		}
		if err != nil || c.result == nil {
			return err
		}
		return c.result(v)
	})
}

// settle lets the one who waits have what with returns, unless nobody waits any more.
func (c *waitingCall) settle(with func() error) {
	if !c.settled.CompareAndSwap(false, true) {
		return
	}
	defer close(c.done)
	defer func() {
		if p := recover(); p != nil {
			c.err = &reactor.PanicError{Value: p}
			panic(p) // It is the loop's to deal with.
		}
	}()
	c.err = with()
}

// failCalls tells those who wait that the script has ended.
func (h *Host) failCalls() {
	for c := range h.calls {
		delete(h.calls, c)
		c.settle(func() error { return ErrExited })
	}
}
