package engine

import (
	"errors"

	"modernc.org/libc"
	js "modernc.org/libquickjs"
)

// Closure returns a function that calls fn. fn is released when nothing refers to the function any
// more, so any number of closures can be made. The function has no name.
func (s *Scope) Closure(fn Func) Value {
	e := s.e
	data := e.arguments([]Value{s.Native(s.Null(), fn)})
	defer e.tls.Free(valueSize)
	to := addressOf[dataFunction](e.callClosure)
	return s.must(js.XJS_NewCFunctionData(e.tls, e.ctx, to, 0, 0, 1, data))
}

// dataFunction is the type of a function of the engine that carries values.
type dataFunction = func(tls *libc.TLS, ctx uintptr, this js.TJSValue, argc int32, argv uintptr, magic int32, data uintptr) js.TJSValue

var errStackOverflow = errors.New("stack overflow")

// onClosure is called by the engine for each function that Closure has made. It checks the depth of
// the stack, because the engine does not for such functions.
func (e *Engine) onClosure(tls *libc.TLS, _ uintptr, this js.TJSValue, argc int32, argv uintptr, _ int32, data uintptr) js.TJSValue {
	x, _ := e.natives.get(uint32(js.XJS_GetOpaque(tls, valueAt(data, 0), nativeClass)))
	fn := x.(Func)
	if tls.StackSlots() >= e.o.StackDepth {
		fn = func(*Call) (Value, error) { return Value{}, errStackOverflow }
	}
	return e.callFunc(fn, this, argc, argv)
}
