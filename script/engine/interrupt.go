package engine

import (
	"errors"

	"modernc.org/libc"
)

// ErrInterrupted is the error of an interruption without another.
var ErrInterrupted = errors.New("engine: interrupted")

// Interrupt ends what JavaScript runs, soon: within ten thousand calls or turns of loops, once it comes back from functions of Go. Nothing
// the script does stops that. Whoever called into the engine gets err (nil: ErrInterrupted), and so does everybody who calls
// after that, until [Engine.Resume]. It may be called from any goroutine, and is the one method that may.
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

// ready returns the error of an interruption.
func (s *Scope) ready() error {
	if p := s.e.interrupt.Load(); p != nil {
		return *p
	}
	return nil
}

// onInterrupt is called by the engine every so often. What it returns ends the script unless it is zero.
func (e *Engine) onInterrupt(_ *libc.TLS, _, _ uintptr) int32 {
	if e.interrupt.Load() != nil {
		return 1
	}
	return 0
}

// Interrupted reports whether nothing runs because of [Engine.Interrupt].
func (e *Engine) Interrupted() bool { return e.interrupt.Load() != nil }
