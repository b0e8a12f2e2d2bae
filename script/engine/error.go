package engine

import (
	"errors"
	"strings"

	js "modernc.org/libquickjs"
)

// Exception is the error of what JavaScript threw and did not catch.
type Exception struct {
	Value   Value  // what was thrown; good until the scope ends in which it was met
	Message string // "Name: message" of an Error, else what String makes of the value
	stack   *string
}

func (e *Exception) Error() string { return e.Message }

// Stack returns the stack of an Error, a line a frame, and nothing for other values. It may call
// into the script. An exception that [Engine.Do] has returned has it for good; of another it is to
// be asked for before its scope ends.
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

// exception takes the engine's exception and returns it as an error.
func (s *Scope) exception() error {
	e := s.e
	if p := e.interrupt.Load(); p != nil && js.XJS_HasException(e.tls, e.ctx) != 0 {
		s.dropException()
		return *p
	}
	return s.own(js.XJS_GetException(e.tls, e.ctx)).asException()
}

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

// Thrown returns the error that a function of Go returns to throw v.
func (s *Scope) Thrown(v Value) error {
	return v.asException()
}

// convertSafely is Convert for errors, where another error helps nobody.
func (v Value) convertSafely() (string, bool) {
	e := v.engine()
	if v.Kind() == Symbol {
		return "a symbol", false
	}
	text := js.XJS_ToString(e.tls, e.ctx, v.v)
	if text.Ftag == js.EJS_TAG_EXCEPTION {
		v.s.dropException()
		return "an object that cannot be converted to a string", false
	}
	return v.s.own(text).Text(), true
}

// textOf returns a property that is a string, empty if there is none.
func (v Value) textOf(name string) string {
	e := v.engine()
	text := lend(e, name)
	defer e.takeBack(text)
	p := js.XJS_GetPropertyStr(e.tls, e.ctx, v.v, text.address)
	if p.Ftag == js.EJS_TAG_EXCEPTION {
		v.s.dropException()
		return ""
	}
	return strings.TrimSuffix(v.s.own(p).Text(), "\n")
}

// dropException forgets the engine's exception.
func (s *Scope) dropException() {
	js.XFreeValue(s.e.tls, s.e.ctx, js.XJS_GetException(s.e.tls, s.e.ctx))
}

// throw makes err the engine's exception.
func (s *Scope) throw(err error) js.TJSValue {
	e := s.e
	if x, ok := errors.AsType[*Exception](err); ok && x.Value.isOpen() && x.Value.s.e == e {
		return js.XJS_Throw(e.tls, e.ctx, js.XDupValue(e.tls, e.ctx, x.Value.v))
	}
	if p := e.interrupt.Load(); p != nil && errors.Is(err, *p) {
		return e.uncatchable()
	}
	made := s.Error(err.Error())
	if e.o.Throw != nil {
		made = e.o.Throw(s, err)
	}
	return js.XJS_Throw(e.tls, e.ctx, js.XDupValue(e.tls, e.ctx, e.rawValue(made)))
}

// Error returns a new Error.
func (s *Scope) Error(message string) Value {
	v := s.must(js.XJS_NewError(s.e.tls, s.e.ctx))
	if err := v.Hide("message", s.String(message)); err != nil {
		panic(&MemoryError{err})
	}
	return v
}

// uncatchable makes an exception that no script can catch. It is no Error: the engine would look at
// all calls under way for its stack, again at each function of Go that it passes.
func (e *Engine) uncatchable() js.TJSValue {
	js.XJS_Throw(e.tls, e.ctx, js.TJSValue{Ftag: js.EJS_TAG_UNDEFINED})
	js.XJS_SetUncatchableException(e.tls, e.ctx, 1)
	return js.TJSValue{Ftag: js.EJS_TAG_EXCEPTION}
}
