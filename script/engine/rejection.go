package engine

import (
	"modernc.org/libc"
	js "modernc.org/libquickjs"
)

// lastRejection is the last promise that was rejected without anybody to handle it.
type lastRejection struct{ promise, reason Kept }

// rejectionDepth is how deep a call of Options.Rejection may go beyond Options.StackDepth.
const rejectionDepth = 500

// onRejection is called by the engine when a promise is rejected that nobody handles, and when
// somebody does after all.
//
// A module is an async function of the engine, whose promise the engine looks at and drops: if the
// module throws, that promise is rejected, and right after it, for the same reason, the promise
// that everybody else sees. The first of them is nobody's business.
func (e *Engine) onRejection(_ *libc.TLS, _ uintptr, promise, reason js.TJSValue, handled js.TBOOL, _ uintptr) {
	if e.o.Rejection == nil {
		return
	}
	// Too deep a recursion of async functions rejects promises where there is no room left to call
	// anything.
	js.XJS_SetMaxStackSize(e.tls, e.rt, js.Size_t(e.o.StackDepth+rejectionDepth))
	defer js.XJS_SetMaxStackSize(e.tls, e.rt, js.Size_t(e.o.StackDepth))
	s := e.open()
	defer e.close(s)
	defer func() {
		if p := recover(); p != nil {
			e.panicked = p // The engine goes on; whoever called into it gets the panic.
		}
	}()
	if handled == 0 {
		if last := e.lastRejection; !last.promise.IsZero() && s.Kept(last.reason).Is(s.value(reason)) && e.isEvaluation(s, promise) {
			e.o.Rejection(s, s.Kept(last.promise), s.value(reason), true)
		}
		e.forgetRejection()
		e.lastRejection = lastRejection{s.value(promise).Keep(), s.value(reason).Keep()}
	}
	e.o.Rejection(s, s.value(promise), s.value(reason), handled != 0)
}

func (e *Engine) forgetRejection() {
	e.Release(&e.lastRejection.promise)
	e.Release(&e.lastRejection.reason)
}

// isEvaluation reports whether a promise is that of a module's evaluation.
func (e *Engine) isEvaluation(s *Scope, promise js.TJSValue) bool {
	if e.evaluating > 0 {
		return true
	}
	for name := range e.namedModules {
		if pointerAt[js.TJSModuleDef](s.moduleNamed(name)).Fpromise.Fu == promise.Fu {
			return true
		}
	}
	return false
}
