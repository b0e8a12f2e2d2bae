package host

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/script/engine"
)

// Call calls the script from another goroutine. It calls fn on the loop, waits until the promise
// that fn returns is settled, and calls result on the loop with the promise's value. A value that
// is not a promise counts as one that is fulfilled with it. fn and result run in scopes of their
// own, and neither runs after Call has returned. result may be nil.
//
// If fn throws, or the promise is rejected, only Call's caller gets the exception, as an
// [*engine.Exception] whose Message and Stack are valid and whose Value is not. Call returns the
// errors of fn and result as they are. If ctx is done first, Call returns its cause; the script
// goes on, and its answer is dropped. If the script ends first, Call returns [ErrExited]. While no
// goroutine runs the loop, only ctx or closing the loop ends Call.
//
// Safe to call from any goroutine. Must not be called on the loop goroutine: it would wait for
// itself.
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
		// Best effort: a closed loop has dropped the call.
		_ = h.loop.Post(func() { delete(h.calls, c) })
		return context.Cause(ctx)
	}
	<-c.done
	return c.err
}

// waitingCall is one [Host.Call]. The loop and the caller race to settle it, and the first one
// wins.
type waitingCall struct {
	result  func(v engine.Value) error
	settled atomic.Bool // set by the loop, or by the caller when ctx is done
	// closed by the loop after it has set err; stays open if the caller settled
	done chan struct{}
	err  error // valid once done is closed
}

// beginCall calls fn on the loop and waits for its promise.
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
			return nil // Only the caller of Call gets it.
		}
		return err
	})
	if err != nil {
		h.finishCall(c, engine.Value{}, err) // Do did not run fn, or fn returned it.
	}
}

// finishCall gives the waiting caller the value or the error.
func (h *Host) finishCall(c *waitingCall, v engine.Value, err error) {
	delete(h.calls, c)
	c.settle(func() error {
		if x, ok := errors.AsType[*engine.Exception](err); ok {
			x.Stack() // Computed now, because the caller asks after the scope has ended.
		}
		if err != nil || c.result == nil {
			return err
		}
		return c.result(v)
	})
}

// settle gives the waiting caller the result of get, unless the caller has given up.
func (c *waitingCall) settle(get func() error) {
	if !c.settled.CompareAndSwap(false, true) {
		return
	}
	defer close(c.done)
	defer func() {
		if p := recover(); p != nil {
			c.err = &reactor.PanicError{Value: p}
			panic(p) // The loop's policy for panics applies.
		}
	}()
	c.err = get()
}

// failCalls returns ErrExited to all waiting callers.
func (h *Host) failCalls() {
	for c := range h.calls {
		delete(h.calls, c)
		c.settle(func() error { return ErrExited })
	}
}
