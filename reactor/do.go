package reactor

import (
	"context"
	"fmt"
	"sync/atomic"
)

// Do runs fn on the loop goroutine and waits until it has returned. If ctx ends before fn has
// begun, fn does not run, and Do returns the context's cause. Once fn has begun, Do waits for it.
// If the loop is closed, or is closed before fn has begun, fn does not run, and Do returns
// [ErrClosed]. If fn panics, Do returns a *[PanicError], and the panic goes on as that of any
// callback.
//
// Safe to call from any goroutine. Must not be called on the loop goroutine: it would wait for
// itself. In a callback of the loop it panics, see [Loop.MustNotWait].
func (l *Loop) Do(ctx context.Context, fn func()) error {
	l.check("Do")
	if fn == nil {
		panic("reactor: Do: nil callback")
	}
	l.MustNotWait("reactor: Do")
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	c := doing{fn: fn, done: make(chan struct{})}
	if err := l.Post(c.run); err != nil {
		return err
	}
	var why error
	select {
	case <-c.done:
		return c.err
	case <-ctx.Done():
		why = context.Cause(ctx)
	case <-l.door.gone:
		why = ErrClosed
	}
	if c.state.CompareAndSwap(doWaiting, doAbandoned) {
		return why
	}
	<-c.done
	return c.err
}

// doing is one call of Do. The caller of Do and the loop goroutine share it.
type doing struct {
	fn    func()
	state atomic.Int32  // doWaiting, then doBegun or doAbandoned
	done  chan struct{} // closed by run once fn has returned or panicked
	err   error         // result of Do; valid once done is closed
}

// The states of a doing. The loop begins it or the caller of Do abandons it, whichever comes first.
const (
	doWaiting = iota
	doBegun
	doAbandoned
)

// run is the posted function: it runs on the loop goroutine.
func (c *doing) run() {
	if !c.state.CompareAndSwap(doWaiting, doBegun) {
		return
	}
	returned := false
	defer func() {
		if returned {
			close(c.done)
			return
		}
		v := recover() // Nil when fn has called runtime.Goexit, as a failing test does.
		c.err = &PanicError{v}
		close(c.done)
		if v != nil {
			// The frames of the first panic are still there, so Options.OnPanic gets its stack.
			panic(v)
		}
	}()
	c.fn()
	returned = true
}

// A PanicError is returned by [Loop.Do] when its function did not return.
type PanicError struct {
	Value any // value that the function called panic with; nil: it called runtime.Goexit
}

// Error returns a text such as "reactor: Do: panic: index out of range".
func (e *PanicError) Error() string {
	if e.Value == nil {
		return "reactor: Do: the function has ended the loop goroutine"
	}
	return "reactor: Do: panic: " + fmt.Sprint(e.Value)
}

// Unwrap returns the value when it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}
