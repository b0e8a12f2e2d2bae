package engine

import (
	"errors"

	"modernc.org/libc"
	js "modernc.org/libquickjs"
)

// ErrInterrupted is the error of [Engine.Interrupt] without another.
var ErrInterrupted = errors.New("engine: interrupted")

// Interrupt ends running JavaScript soon: within some hundred calls or turns of loops, after
// functions of Go have returned. A script cannot prevent it, but a single function of the language
// has to return first, which takes long if it searches an object whose length is 2^53. The code
// that called into the engine gets err (nil: ErrInterrupted), and so does each later call, until
// [Engine.Resume].
//
// Safe to call from any goroutine.
func (e *Engine) Interrupt(err error) {
	if err == nil {
		err = ErrInterrupted
	}
	e.interrupt.Store(&err)
}

// Resume lets JavaScript run again after [Engine.Interrupt].
func (e *Engine) Resume() { e.interrupt.Store(nil) }

// ResumeFrom is Resume if the engine was interrupted with err, and reports whether it was.
func (e *Engine) ResumeFrom(err error) bool {
	p := e.interrupt.Load()
	return p != nil && *p == err && e.interrupt.CompareAndSwap(p, nil)
}

// interruption returns the error of an interruption, nil if there is none.
func (s *Scope) interruption() error {
	if p := s.e.interrupt.Load(); p != nil {
		return *p
	}
	return nil
}

// Calls and turns of loops between two calls of onInterrupt. Deep in the stack there are fewer,
// because an error has all calls under way in its stack: a recursion that goes on after each "stack
// overflow" makes such an error with every call.
const (
	pollCalls     = 200
	pollCallsDeep = 10
	deepStack     = 500 // frames
)

// onInterrupt is called by the engine regularly. A result other than 0 ends the script.
func (e *Engine) onInterrupt(tls *libc.TLS, _, _ uintptr) int32 {
	if e.interrupt.Load() != nil {
		return 1
	}
	n := int32(pollCalls)
	if tls.StackSlots() > deepStack {
		n = pollCallsDeep
	}
	e.setPollInterval(n)
	return 0
}

// setPollInterval makes the engine call onInterrupt after n calls. Its default is ten thousand.
func (e *Engine) setPollInterval(n int32) {
	pointerAt[js.TJSContext](e.ctx).Finterrupt_counter = n
	for r := range e.realms {
		pointerAt[js.TJSContext](r.ctx).Finterrupt_counter = n
	}
}

// Interrupted reports whether the engine is interrupted: nothing runs until [Engine.Resume].
func (e *Engine) Interrupted() bool { return e.interrupt.Load() != nil }
