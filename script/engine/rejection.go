package engine

import (
	"modernc.org/libc"
	js "modernc.org/libquickjs"
)

// lastRejection is the last promise that was rejected without a handler; zero: none.
type lastRejection struct{ promise, reason Kept }

// rejectionDepth is the depth that a call of Options.Rejection may use beyond Options.StackDepth.
const rejectionDepth = 500

// onRejection is called by the engine when a promise without a handler is rejected, and again when
// it gets one.
//
// A module is an async function of the engine. If it throws, the engine rejects two promises in
// succession for the same reason: first the function's, which the engine itself looks at and drops,
// then the one that scripts see. When the second comes, the first is therefore reported as handled.
func (e *Engine) onRejection(_ *libc.TLS, _ uintptr, promise, reason js.TJSValue, handled js.TBOOL, _ uintptr) {
	if e.o.Rejection == nil {
		return
	}
	// A recursion of async functions that is too deep rejects promises where no frame is left to
	// call a function.
	js.XJS_SetMaxStackSize(e.tls, e.rt, js.Size_t(e.o.StackDepth+rejectionDepth))
	defer js.XJS_SetMaxStackSize(e.tls, e.rt, js.Size_t(e.o.StackDepth))
	s := e.open()
	defer e.close(s)
	defer func() {
		if p := recover(); p != nil {
			e.panicked = p // The engine goes on; the Go code that called into it gets the panic.
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

// isEvaluation reports whether a promise belongs to a module's evaluation.
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
