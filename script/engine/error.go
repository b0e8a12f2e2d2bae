package engine

import (
	"errors"
	"strings"

	js "modernc.org/libquickjs"
)

// Exception is the error of a value that JavaScript threw and did not catch.
type Exception struct {
	Value   Value   // the thrown value; valid until the scope ends in which it was met
	Message string  // "Name: message" of an Error, else String(Value)
	stack   *string // nil until Stack was called
}

func (e *Exception) Error() string { return e.Message }

// Stack returns the stack of an Error, one line a frame, and "" for other values. It may call into
// the script. If [Engine.Do] has returned the exception, Stack may be called at any time; else the
// first call must be made before the scope of Value ends.
func (e *Exception) Stack() string {
	if e.stack == nil {
		stack := ""
		if e.Value.isOpen() && e.Value.IsError() {
			stack = e.Value.textOf("stack")
		}
		e.stack = &stack
	}
	return *e.stack
}

// exception takes the pending exception from the engine, or returns the error of an interruption.
func (s *Scope) exception() error {
	e := s.e
	if p := e.interrupt.Load(); p != nil && js.XJS_HasException(e.tls, e.ctx) != 0 {
		s.dropException()
		return *p
	}
	return s.own(js.XJS_GetException(e.tls, e.ctx)).asException()
}

// asException returns v as the error of an exception. It reads name and message, which may run the
// script.
func (v Value) asException() *Exception {
	x := &Exception{Value: v}
	if !v.IsError() {
		x.Message, _ = v.convertSafely()
		return x
	}
	name, message := v.textOf("name"), v.textOf("message")
	switch {
	case message == "":
		x.Message = name
	case name == "":
		x.Message = message
	default:
		x.Message = name + ": " + message
	}
	return x
}

// Thrown returns the error that a [Func] returns to throw v.
func (s *Scope) Thrown(v Value) error {
	return v.asException()
}

// convertSafely is Convert for error messages: if v cannot be converted, it returns a description
// and false.
func (v Value) convertSafely() (string, bool) {
	e := v.engine()
	if v.Kind() == Symbol {
		return "a symbol", false
	}
	text := js.XJS_ToString(e.tls, e.ctx, v.v)
	if text.Ftag == js.EJS_TAG_EXCEPTION {
		v.s.reraise()
		v.s.dropException()
		return "an object that cannot be converted to a string", false
	}
	return v.s.own(text).Text(), true
}

// textOf returns a property that is a string, "" if there is none.
func (v Value) textOf(name string) string {
	e := v.engine()
	text := lend(e, name)
	defer e.takeBack(text)
	p := js.XJS_GetPropertyStr(e.tls, e.ctx, v.v, text.address)
	if p.Ftag == js.EJS_TAG_EXCEPTION {
		v.s.reraise()
		v.s.dropException()
		return ""
	}
	return strings.TrimSuffix(v.s.own(p).Text(), "\n")
}

// dropException frees the engine's pending exception.
func (s *Scope) dropException() {
	js.XFreeValue(s.e.tls, s.e.ctx, js.XJS_GetException(s.e.tls, s.e.ctx))
}

// throw makes err the engine's pending exception.
func (s *Scope) throw(err error) js.TJSValue {
	e := s.e
	if thrown, ok := s.throwMade(err); ok {
		return thrown
	}
	made := s.Error(err.Error())
	if e.o.Throw != nil {
		made = e.o.Throw(s, err)
	}
	return js.XJS_Throw(e.tls, e.ctx, js.XDupValue(e.tls, e.ctx, e.rawValue(made)))
}

// throwMade is throw for an error that needs no new value: a valid exception, or an interruption.
// ok is false for others, which are not thrown.
func (s *Scope) throwMade(err error) (thrown js.TJSValue, ok bool) {
	e := s.e
	if x, ok := errors.AsType[*Exception](err); ok && x.Value.isOpen() && x.Value.s.e == e {
		return js.XJS_Throw(e.tls, e.ctx, js.XDupValue(e.tls, e.ctx, x.Value.v)), true
	}
	if p := e.interrupt.Load(); p != nil && errors.Is(err, *p) {
		return e.uncatchable(), true
	}
	return thrown, false
}

// Error returns a new Error.
func (s *Scope) Error(message string) Value {
	v := s.must(js.XJS_NewError(s.e.tls, s.e.ctx))
	if err := v.Hide("message", s.String(message)); err != nil {
		panic(&MemoryError{err})
	}
	return v
}

// uncatchable makes an exception that no script can catch. It is not an Error, because the engine
// would collect the stack of all calls under way, again at each function of Go.
func (e *Engine) uncatchable() js.TJSValue {
	js.XJS_Throw(e.tls, e.ctx, js.TJSValue{Ftag: js.EJS_TAG_UNDEFINED})
	js.XJS_SetUncatchableException(e.tls, e.ctx, 1)
	return js.TJSValue{Ftag: js.EJS_TAG_EXCEPTION}
}
