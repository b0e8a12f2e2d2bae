package engine

import (
	"errors"
	"fmt"
	"math"

	"modernc.org/libc"
	js "modernc.org/libquickjs"
)

// Func is a function of Go that JavaScript can call. The value that it returns must belong to the
// call's scope. If it returns an error, that is thrown, see [Options.Throw].
type Func func(c *Call) (Value, error)

// Call is one call of a [Func], and the scope of its values. It is valid until the function
// returns.
type Call struct {
	*Scope
	this js.TJSValue
	argc int
	argv uintptr
}

// This returns the object whose method was called.
func (c *Call) This() Value { return c.value(c.this) }

// Len returns the number of arguments.
func (c *Call) Len() int { return c.argc }

// Arg returns the argument with index i, undefined if there are fewer.
func (c *Call) Arg(i int) Value {
	if i >= c.argc {
		return c.Undefined()
	}
	return c.value(valueAt(c.argv, i))
}

// Args returns all arguments.
func (c *Call) Args() []Value {
	all := make([]Value, c.argc)
	for i := range all {
		all[i] = c.Arg(i)
	}
	return all
}

// ErrPassed is the error of [Call.Pass] if the function has thrown. A [Func] must return it at
// once: then the exception goes on unchanged, without running any of the script.
var ErrPassed = errors.New("engine: an exception is on its way")

// Pass calls fn with the arguments of the call, from index from on. Its error is [ErrPassed], or
// that of an interruption.
func (c *Call) Pass(fn, this Value, from int) (Value, error) {
	e := c.e
	if err := c.interruption(); err != nil {
		return c.Undefined(), err
	}
	from = min(from, c.argc)
	argv := c.argv + uintptr(from*valueSize)
	v := js.XJS_Call(e.tls, e.ctx, e.rawValue(fn), e.rawValue(this), int32(c.argc-from), argv)
	if v.Ftag == js.EJS_TAG_EXCEPTION {
		c.reraise()
		return c.Undefined(), ErrPassed
	}
	return c.made(v)
}

// maxFunctions bounds Scope.Function: the engine keeps 16 bits of a function's magic number.
const maxFunctions = math.MaxInt16

// Function returns a function that calls fn. It is meant for functions that live as long as the
// engine: fn is never released, and the 32,768th call of Function panics. Use [Scope.Closure] for
// others.
func (s *Scope) Function(name string, fn Func) Value {
	e := s.e
	if len(e.functions) == maxFunctions {
		panic(fmt.Sprintf("engine: more than %d functions", maxFunctions))
	}
	e.functions = append(e.functions, fn)
	text := lend(e, name)
	defer e.takeBack(text)
	to := addressOf[func(*libc.TLS, uintptr, js.TJSValue, int32, uintptr, int32) js.TJSValue](e.call)
	magic := int32(len(e.functions) - 1)
	return s.must(js.XJS_NewCFunction2(e.tls, e.ctx, to, text.address, 0, js.EJS_CFUNC_generic_magic, magic))
}

// onCall is called by the engine for each function that Function has made.
func (e *Engine) onCall(_ *libc.TLS, _ uintptr, this js.TJSValue, argc int32, argv uintptr, magic int32) js.TJSValue {
	return e.callFunc(e.functions[magic], this, argc, argv)
}

// callFunc calls a function of Go for the engine, in a scope of its own.
func (e *Engine) callFunc(fn Func, this js.TJSValue, argc int32, argv uintptr) (r js.TJSValue) {
	s := e.open()
	defer func() {
		if p := recover(); p != nil {
			r = s.throwPanic(p)
		}
		e.close(s)
	}()
	s.call = Call{s, this, int(argc), argv}
	v, err := fn(&s.call)
	if err == ErrPassed {
		return js.TJSValue{Ftag: js.EJS_TAG_EXCEPTION}
	}
	if err != nil {
		return s.throw(err)
	}
	if s.interruption() != nil {
		return e.uncatchable()
	}
	return js.XDupValue(e.tls, e.ctx, e.rawValue(v))
}

// throwPanic makes a panic an exception, which unwinds the engine's frames; reraise raises it again
// on the other side. A MemoryError becomes an exception that scripts can catch.
func (s *Scope) throwPanic(p any) js.TJSValue {
	e := s.e
	if m, ok := p.(*MemoryError); ok {
		if thrown, ok := s.throwMade(m.err); ok {
			return thrown
		}
		// The exception was of a scope that has ended. There may be no memory for a new one.
		return js.XJS_ThrowOutOfMemory(e.tls, e.ctx)
	}
	e.panicked = p
	return e.uncatchable()
}

// reraise raises the panic that throwPanic has sent through the engine, if there is one.
func (s *Scope) reraise() {
	if p := s.e.panicked; p != nil {
		s.e.panicked = nil
		s.dropException()
		panic(p)
	}
}

// nativeClass is the class of objects that stand for a value of Go, in all engines.
var nativeClass = newNativeClass()

func newNativeClass() js.TJSClassID {
	tls := libc.NewTLS()
	defer tls.Close()
	id := tls.Alloc(4)
	defer tls.Free(4)
	*pointerAt[js.TJSClassID](id) = 0
	return js.XJS_NewClassID(tls, id)
}

// registerNative registers nativeClass with the engine.
func (e *Engine) registerNative() error {
	name := lend(e, "Native")
	defer e.takeBack(name)
	def := e.tls.Alloc(classDefSize)
	defer e.tls.Free(classDefSize)
	finalizer := addressOf[func(*libc.TLS, uintptr, js.TJSValue)](e.finalize)
	*pointerAt[js.TJSClassDef](def) = js.TJSClassDef{Fclass_name: name.address, Ffinalizer: finalizer}
	if js.XJS_NewClass(e.tls, e.rt, nativeClass, def) < 0 {
		return errors.New("engine: no memory for a class")
	}
	return nil
}

// Native returns a new object with that prototype, which stands for x. The engine holds x until the
// object is collected.
func (s *Scope) Native(prototype Value, x any) Value {
	e := s.e
	v := s.must(js.XJS_NewObjectProtoClass(e.tls, e.ctx, e.rawValue(prototype), nativeClass))
	js.XJS_SetOpaque(e.tls, v.v, uintptr(e.natives.put(x)))
	return v
}

// Native returns the value that an object stands for, nil if there is none.
func (v Value) Native() any {
	x, _ := v.engine().natives.get(uint32(js.XJS_GetOpaque(v.engine().tls, v.v, nativeClass)))
	return x
}

// onFinalize is called by the engine when it collects an object that Native has made.
func (e *Engine) onFinalize(tls *libc.TLS, _ uintptr, v js.TJSValue) {
	x, _ := e.natives.take(uint32(js.XJS_GetOpaque(tls, v, nativeClass)))
	if r, ok := x.(*realm); ok {
		if _, open := e.realms[r]; open {
			e.realms[r], e.hasDeadRealm = true, true // Freed later, because the collector runs now.
		}
	}
}

// Kept is a value that outlives its scope, such as a function to be called later. The zero Kept is
// none.
type Kept struct{ number uint32 }

// Keep keeps the value until [Engine.Release].
func (v Value) Keep() Kept {
	e := v.engine()
	return Kept{e.kept.put(js.XDupValue(e.tls, e.ctx, v.v))}
}

// Kept returns a kept value, undefined if it was released.
func (s *Scope) Kept(k Kept) Value {
	v, ok := s.e.kept.get(k.number)
	if !ok {
		return s.Undefined()
	}
	return s.own(js.XDupValue(s.e.tls, s.e.ctx, v))
}

// Release releases a kept value and sets k to zero. It does nothing for the zero Kept and for a
// released one. [Engine.Close] releases all.
func (e *Engine) Release(k *Kept) {
	if v, ok := e.kept.take(k.number); ok && e.rt != 0 {
		js.XFreeValue(e.tls, e.ctx, v)
	}
	k.number = 0
}

// IsZero reports whether k is the zero Kept.
func (k Kept) IsZero() bool { return k.number == 0 }
