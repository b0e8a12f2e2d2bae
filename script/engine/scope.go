package engine

import (
	"errors"
	"math"

	"modernc.org/libc"
	js "modernc.org/libquickjs"
)

// Scope owns the values that are made or met in it, and releases them when it ends. It is reused
// after that; n tells its uses apart.
type Scope struct {
	e     *Engine
	outer *Scope
	owned []js.TJSValue
	n     uint32 // number of uses that have ended, see Value.n
	call  Call   // the call that the scope belongs to; zero for a scope of Do
}

// Do calls fn with a new scope, which ends when fn returns. Do returns fn's error: a [*Exception]
// if JavaScript threw and fn returns that. It returns [ErrClosed] if the engine is closed.
func (e *Engine) Do(fn func(s *Scope) error) error {
	if e.rt == 0 {
		return ErrClosed
	}
	if e.hasDeadRealm && e.scope == nil {
		e.freeRealms(false)
	}
	s := e.open()
	defer e.close(s)
	err := fn(s)
	if x, ok := errors.AsType[*Exception](err); ok {
		x.Stack() // Computed now, because it may be asked for after the scope has ended.
	}
	return err
}

func (e *Engine) open() *Scope {
	s := e.freeScopes
	if s == nil {
		s = &Scope{e: e}
	} else {
		e.freeScopes = s.outer
	}
	s.outer = e.scope
	e.scope = s
	return s
}

// maxSpareValues is the capacity up to which a scope's list is reused.
const maxSpareValues = 1 << 10

func (e *Engine) close(s *Scope) {
	e.scope = s.outer
	for _, v := range s.owned {
		js.XFreeValue(e.tls, e.ctx, v)
	}
	if s.n++; cap(s.owned) > maxSpareValues {
		s.owned = nil
	}
	s.owned = s.owned[:0]
	s.outer, e.freeScopes = e.freeScopes, s
}

// Engine returns the scope's engine.
func (s *Scope) Engine() *Engine { return s.e }

// own makes the scope the owner of v.
func (s *Scope) own(v js.TJSValue) Value {
	if isCounted(v) {
		s.owned = append(s.owned, v)
	}
	return s.value(v)
}

// made is own for the result of a call of the engine, which may be a pending exception.
func (s *Scope) made(v js.TJSValue) (Value, error) {
	if v.Ftag == js.EJS_TAG_EXCEPTION {
		s.reraise()
		return s.Undefined(), s.exception()
	}
	made := s.own(v)
	s.reraise()
	return made, nil
}

// must is made for values that can only fail to be made for lack of memory.
func (s *Scope) must(v js.TJSValue) Value {
	made, err := s.made(v)
	if err != nil {
		panic(&MemoryError{err})
	}
	return made
}

// MemoryError is the panic of a function that could not make a value because the engine has reached
// its memory limit. In a function that JavaScript called, it becomes the engine's exception "out of
// memory".
type MemoryError struct{ err error }

func (e *MemoryError) Error() string { return "engine: " + e.err.Error() }
func (e *MemoryError) Unwrap() error { return e.err }

// Undefined returns undefined.
func (s *Scope) Undefined() Value { return s.value(js.TJSValue{Ftag: js.EJS_TAG_UNDEFINED}) }

// Null returns null.
func (s *Scope) Null() Value { return s.value(js.TJSValue{Ftag: js.EJS_TAG_NULL}) }

// Bool returns true or false.
func (s *Scope) Bool(b bool) Value {
	v := js.TJSValue{Ftag: js.EJS_TAG_BOOL}
	if b {
		v.Fu.Fuint641 = 1
	}
	return s.value(v)
}

// Int returns a number. Those above 2^53 lose digits, as they do in JavaScript.
func (s *Scope) Int(n int64) Value {
	if int64(int32(n)) == n {
		return s.value(intValue(int32(n)))
	}
	return s.Float(float64(n))
}

// Float returns a number.
func (s *Scope) Float(f float64) Value {
	v := js.TJSValue{Ftag: js.EJS_TAG_FLOAT64}
	v.Fu.Fuint641 = math.Float64bits(f)
	return s.value(v)
}

// BigInt returns a BigInt.
func (s *Scope) BigInt(n int64) Value { return s.must(js.XJS_NewBigInt64(s.e.tls, s.e.ctx, n)) }

// String returns a string from UTF-8. A lone half of a surrogate pair is written as the three bytes
// that it would have as a character; other invalid bytes become U+FFFD.
func (s *Scope) String(text string) Value {
	e := s.e
	from := lend(e, text)
	defer e.takeBack(from)
	return s.must(js.XJS_NewStringLen(e.tls, e.ctx, from.address, js.Size_t(len(text))))
}

// Object returns a new object.
func (s *Scope) Object() Value { return s.must(js.XJS_NewObject(s.e.tls, s.e.ctx)) }

// Array returns a new array of values.
func (s *Scope) Array(of ...Value) Value {
	a := s.must(js.XJS_NewArray(s.e.tls, s.e.ctx))
	for i, v := range of {
		if js.XJS_SetPropertyUint32(s.e.tls, s.e.ctx, a.v, uint32(i), js.XDupValue(s.e.tls, s.e.ctx, s.e.rawValue(v))) < 0 {
			panic(&MemoryError{s.exception()})
		}
	}
	return a
}

// Uint8Array returns a new Uint8Array with a copy of b.
func (s *Scope) Uint8Array(b []byte) Value {
	e := s.e
	// The engine reads three arguments, whatever their number.
	args := []Value{s.ArrayBuffer(b), s.Undefined(), s.Undefined()}
	argv := e.arguments(args)
	defer e.tls.Free(len(args) * valueSize)
	return s.must(js.XJS_NewTypedArray(e.tls, e.ctx, int32(len(args)), argv, js.EJS_TYPED_ARRAY_UINT8))
}

// ArrayBuffer returns a new ArrayBuffer with a copy of b.
func (s *Scope) ArrayBuffer(b []byte) Value {
	e := s.e
	memory := js.Xjs_malloc(e.tls, e.ctx, js.Size_t(max(1, len(b))))
	if memory == 0 {
		panic(&MemoryError{s.exception()})
	}
	copy(bytesAt(memory, len(b)), b)
	return s.must(js.XJS_NewArrayBuffer(e.tls, e.ctx, memory, js.Size_t(len(b)), addressOf[bufferFree](e.release), 0, 0))
}

// bufferFree is the type of the engine's function that frees the memory of an ArrayBuffer.
type bufferFree = func(tls *libc.TLS, rt, opaque, memory uintptr)

func (e *Engine) onRelease(tls *libc.TLS, rt, _, memory uintptr) { js.Xjs_free_rt(tls, rt, memory) }

// Global returns the global object.
func (s *Scope) Global() Value { return s.own(js.XJS_GetGlobalObject(s.e.tls, s.e.ctx)) }

// Eval runs a script and returns the value of its last statement. name stands in stack traces.
func (s *Scope) Eval(name, source string) (Value, error) {
	return s.eval(name, source, js.MJS_EVAL_TYPE_GLOBAL)
}

// EvalModule runs a module and returns the promise of its evaluation.
func (s *Scope) EvalModule(name, source string) (Value, error) {
	s.e.evaluating++
	defer func() { s.e.evaluating-- }()
	return s.eval(name, source, js.MJS_EVAL_TYPE_MODULE)
}

func (s *Scope) eval(name, source string, flags int32) (Value, error) {
	return s.evalIn(s.e.ctx, name, source, flags)
}

func (s *Scope) evalIn(ctx uintptr, name, source string, flags int32) (Value, error) {
	e := s.e
	if err := s.interruption(); err != nil {
		return s.Undefined(), err
	}
	text := lend(e, source)
	defer e.takeBack(text)
	file := lend(e, name)
	defer e.takeBack(file)
	return s.made(js.XJS_Eval(e.tls, ctx, text.address, js.Size_t(len(source)), file.address, flags))
}

// ParseJSON returns the value of JSON. name stands in its errors.
func (s *Scope) ParseJSON(name, text string) (Value, error) {
	e := s.e
	from := lend(e, text)
	defer e.takeBack(from)
	file := lend(e, name)
	defer e.takeBack(file)
	return s.made(js.XJS_ParseJSON(e.tls, e.ctx, from.address, js.Size_t(len(text)), file.address))
}

// Promise returns a new promise and the functions that settle it.
func (s *Scope) Promise() (promise, resolve, reject Value) {
	e := s.e
	both := e.tls.Alloc(2 * valueSize)
	defer e.tls.Free(2 * valueSize)
	promise = s.must(js.XJS_NewPromiseCapability(e.tls, e.ctx, both))
	return promise, s.own(valueAt(both, 0)), s.own(valueAt(both, 1))
}

// isCounted reports whether v has a reference count.
func isCounted(v js.TJSValue) bool { return int32(v.Ftag) < 0 }

func intValue(n int32) js.TJSValue {
	v := js.TJSValue{Ftag: js.EJS_TAG_INT}
	v.Fu.Fuint641 = uint64(uint32(n))
	return v
}
