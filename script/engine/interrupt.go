package engine

import (
	"errors"

	"modernc.org/libc"
	js "modernc.org/libquickjs"
)

// ErrInterrupted is the error of an interruption without another.
var ErrInterrupted = errors.New("engine: interrupted")

// Interrupt ends what JavaScript runs, soon: within some hundred calls or turns of loops, once it
// comes back from functions of Go. Nothing the script does stops that, but a function of the
// language has to end first: one that looks for a value in an object whose length is said to be
// 2^53 takes long. Whoever called into the engine gets err (nil: ErrInterrupted), and so does
// everybody who calls after that, until [Engine.Resume]. It may be called from any goroutine, and
// is the one method that may.
func (e *Engine) Interrupt(err error) {
	if err == nil {
		err = ErrInterrupted
	}
	e.interrupt.Store(&err)
}

// Resume lets JavaScript run again after [Engine.Interrupt].
func (e *Engine) Resume() { e.interrupt.Store(nil) }

// ResumeFrom is Resume if err is what the engine was interrupted with. It reports whether it was.
func (e *Engine) ResumeFrom(err error) bool {
	p := e.interrupt.Load()
	return p != nil && *p == err && e.interrupt.CompareAndSwap(p, nil)
}

// interruption returns the error of an interruption.
func (s *Scope) interruption() error {
	if p := s.e.interrupt.Load(); p != nil {
		return *p
	}
	return nil
}

// How many calls and turns of loops there are between two looks at whether there is an
// interruption. An error takes the longer to make the more calls are under way, because each is in
// its stack: a recursion that goes on after each "stack overflow" makes one with every call.
const (
	pollCalls     = 200
	pollCallsDeep = 10
	deepStack     = 500 // of Options.StackDepth
)

// onInterrupt is called by the engine every so often. What it returns ends the script unless it is
// zero.
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

// setPollInterval has the engine look for an interruption after that many calls. The engine itself would
// let ten thousand pass.
func (e *Engine) setPollInterval(n int32) {
	pointerAt[js.TJSContext](e.ctx).Finterrupt_counter = n
	for r := range e.realms {
		pointerAt[js.TJSContext](r.ctx).Finterrupt_counter = n
	}
}

// Interrupted reports whether nothing runs because of [Engine.Interrupt].
func (e *Engine) Interrupted() bool { return e.interrupt.Load() != nil }
