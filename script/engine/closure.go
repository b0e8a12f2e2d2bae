package engine

import (
	"errors"

	"modernc.org/libc"
	js "modernc.org/libquickjs"
)

// Closure returns a function that calls fn, and lets go of fn when nothing refers to the function
// any more. It is made for callbacks, of which a program may make any number. It has no name.
func (s *Scope) Closure(fn Func) Value {
	e := s.e
	data := e.arguments([]Value{s.Native(s.Null(), fn)})
	defer e.tls.Free(valueSize)
	to := addressOf[dataFunction](e.callClosure)
	return s.must(js.XJS_NewCFunctionData(e.tls, e.ctx, to, 0, 0, 1, data))
}

// dataFunction is a function of the engine's that has values of its own.
type dataFunction = func(tls *libc.TLS, ctx uintptr, this js.TJSValue, argc int32, argv uintptr, magic int32, data uintptr) js.TJSValue

var errStackOverflow = errors.New("stack overflow")

// onClosure is called by the engine for each function that Closure has made, without a look at how
// deep the stack is.
func (e *Engine) onClosure(tls *libc.TLS, _ uintptr, this js.TJSValue, argc int32, argv uintptr, _ int32, data uintptr) js.TJSValue {
	x, _ := e.natives.get(uint32(js.XJS_GetOpaque(tls, valueAt(data, 0), nativeClass)))
	fn := x.(Func)
	if tls.StackSlots() >= e.o.StackDepth {
		fn = func(*Call) (Value, error) { return Value{}, errStackOverflow }
	}
	return e.callFunc(fn, this, argc, argv)
}
