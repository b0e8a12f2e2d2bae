package engine

import (
	"errors"

	js "modernc.org/libquickjs"
)

// realm is a world of its own within the engine: a global object, with classes of the language that
// are its own.
type realm struct{ ctx uintptr }

// Realm returns a new object that stands for another global object, of which EvalIn runs scripts.
// Values go from one to the other as they are. It is freed some time after nothing refers to the
// object any more.
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

// GlobalOf returns the global object that an object of [Scope.Realm] stands for, undefined if it is
// none.
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

// freeRealms frees those whose objects have been collected, or all. The collector must not run
// meanwhile.
func (e *Engine) freeRealms(all bool) {
	for r, dead := range e.realms {
		if dead || all {
			delete(e.realms, r)
			js.XJS_FreeContext(e.tls, r.ctx)
		}
	}
	e.hasDeadRealm = false
}
