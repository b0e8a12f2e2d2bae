package engine

import (
	"errors"

	js "modernc.org/libquickjs"
)

// realm is another global object in the engine, with classes of the language of its own.
type realm struct{ ctx uintptr }

// Realm returns a new object that stands for a new global object; EvalIn runs scripts in it. Values
// can be passed between global objects unchanged. The global object is freed some time after the
// returned object is unreachable.
func (s *Scope) Realm(prototype Value) (Value, error) {
	e := s.e
	ctx := js.XJS_NewContext(e.tls, e.rt)
	if ctx == 0 {
		return s.Undefined(), errors.New("engine: no memory for a global object")
	}
	r := &realm{ctx}
	if e.realms == nil {
		e.realms = map[*realm]bool{}
	}
	e.realms[r] = false
	return s.Native(prototype, r), nil
}

// GlobalOf returns the global object that an object of [Scope.Realm] stands for, undefined if
// handle is no such object.
func (s *Scope) GlobalOf(handle Value) Value {
	r, ok := handle.Native().(*realm)
	if !ok {
		return s.Undefined()
	}
	return s.own(js.XJS_GetGlobalObject(s.e.tls, r.ctx))
}

// EvalIn is [Scope.Eval] with the global object that an object of [Scope.Realm] stands for.
func (s *Scope) EvalIn(handle Value, name, source string) (Value, error) {
	r, ok := handle.Native().(*realm)
	if !ok {
		return s.Undefined(), errors.New("engine: no realm")
	}
	return s.evalIn(r.ctx, name, source, js.MJS_EVAL_TYPE_GLOBAL)
}

// freeRealms frees the realms whose objects were collected, or all. It must not be called while the
// collector runs.
func (e *Engine) freeRealms(all bool) {
	for r, dead := range e.realms {
		if dead || all {
			delete(e.realms, r)
			js.XJS_FreeContext(e.tls, r.ctx)
		}
	}
	e.hasDeadRealm = false
}
