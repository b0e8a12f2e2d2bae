// Package engine runs JavaScript (ES2023) inside a Go program: QuickJS, compiled to Go. It has no
// files, processes or event loop.
//
// An [Engine] has one global object. [Engine.Do] opens a [Scope]; the values that are made or met
// in it belong to the scope and are released when it ends. When JavaScript calls a function of Go,
// its [Call] is a scope of its own. A value that must outlive its scope is kept with [Value.Keep],
// or waits in [Calls].
//
// An engine and its values must be used by one goroutine at a time; only [Engine.Interrupt] is safe
// to call from any goroutine. If a function that JavaScript called panics, the panic reaches the Go
// code that called into the engine. It is recovered before it would unwind frames of the engine,
// which gets an exception that no script can catch, and is raised again behind those frames. Such a
// function must not call [runtime.Goexit].
//
// The engine runs on the 64-bit systems that modernc.org/libquickjs supports: Linux, macOS and
// FreeBSD.
package engine

import (
	"errors"
	"sync/atomic"

	"modernc.org/libc"
	js "modernc.org/libquickjs"
)

// Options are the settings of an [Engine]. The zero value is valid. The functions are called by the
// goroutine that uses the engine.
type Options struct {
	// MemoryLimit bounds the memory that the engine allocates: bytes, 0 for no bound. Over it
	// scripts get an InternalError "out of memory".
	MemoryLimit int64

	// GCThreshold is the allocation after which cycles are first collected: bytes, 0 for 8 MiB.
	GCThreshold int64

	// StackDepth bounds recursion: frames of the engine, 0 for 10,000, which is about Node's depth.
	// A plain call takes one frame, a call through a function of the language several. Over the
	// bound scripts get an InternalError "stack overflow". A frame takes about 2 KiB of a
	// goroutine's stack, and more on some systems; Go ends the program at 1 GB.
	StackDepth int

	// Throw returns the exception for an error that a function of Go has returned. It is not called
	// for an [Exception], which is thrown unchanged. nil: an Error with the error's text as its
	// message.
	Throw func(s *Scope, err error) Value

	// Resolve returns the name of the module that a module or script named base imports as
	// specifier. kind is the import attribute "type", or empty. nil: the name is specifier.
	Resolve func(s *Scope, base, specifier, kind string) (string, error)

	// Load returns the module of a name that Resolve has returned. It is called once for a name,
	// unless it fails. kind is as in Resolve. nil: there are no modules.
	Load func(s *Scope, name, kind string) (*Module, error)

	// Attributes returns an error if an import may not have these attributes, which are an object.
	// nil: all are allowed.
	Attributes func(s *Scope, attributes Value) error

	// Rejection is called when a promise without a handler is rejected, and again, with handled,
	// when it gets one.
	Rejection func(s *Scope, promise, reason Value, handled bool)
}

const defaultStackDepth = 10_000

// Engine is one JavaScript runtime with one global object. It must be used by one goroutine at a
// time, except for Interrupt.
type Engine struct {
	o       Options
	tls     *libc.TLS
	rt, ctx uintptr

	functions     []Func     // index: the magic number of the function
	natives       table[any] // values of Go; number: the opaque of the object that stands for one
	kept          table[js.TJSValue]
	namedModules  map[string]Kept // loaded modules, by name
	lastRejection lastRejection

	evaluating int // calls of EvalModule that have not returned

	jobs       jobs
	attributes attributes

	realms       map[*realm]bool // true: its object was collected, and it can be freed
	hasDeadRealm bool

	reader plainReader
	shapes shapes
	names  []js.TJSAtom // atoms of Names, until Close
	calls  []*Calls

	scope      *Scope // the innermost open scope
	freeScopes *Scope // closed scopes for reuse, linked by outer
	panicked   any    // the panic that is going through the engine; nil: none
	interrupt  atomic.Pointer[error]

	// Functions that the engine calls. They are kept here, because the engine has only their
	// addresses as numbers, which Go's collector does not see.
	call, callClosure, runCall, finalize, interrupted, normalize, load, check, reject, initialize, release any
	// modules with Init, until it has run, by the address of the engine's definition
	modules map[uintptr]*Module
}

// ErrClosed is the error of [Engine.Do] after [Engine.Close].
var ErrClosed = errors.New("engine: closed")

// New returns an engine. The caller must Close it. o may be nil and is copied. New's error is that
// there is no memory.
func New(o *Options) (*Engine, error) {
	e := &Engine{tls: libc.NewTLS(), modules: map[uintptr]*Module{}, namedModules: map[string]Kept{}}
	if o != nil {
		e.o = *o
	}
	if e.rt = js.XJS_NewRuntime(e.tls); e.rt == 0 {
		e.tls.Close()
		return nil, errors.New("engine: no memory for a runtime")
	}
	if e.o.MemoryLimit > 0 {
		js.XJS_SetMemoryLimit(e.tls, e.rt, js.Size_t(e.o.MemoryLimit))
	}
	threshold := e.o.GCThreshold
	if threshold <= 0 {
		threshold = 8 << 20
	}
	js.XJS_SetGCThreshold(e.tls, e.rt, js.Size_t(threshold))
	if e.o.StackDepth <= 0 {
		e.o.StackDepth = defaultStackDepth
	}
	js.XJS_SetMaxStackSize(e.tls, e.rt, js.Size_t(e.o.StackDepth))
	if e.ctx = js.XJS_NewContext(e.tls, e.rt); e.ctx == 0 {
		js.XJS_FreeRuntime(e.tls, e.rt)
		e.tls.Close()
		return nil, errors.New("engine: no memory for a global object")
	}
	e.registerCallbacks()
	e.setPollInterval(pollCalls)
	if err := e.registerNative(); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return e, nil
}

// registerCallbacks registers the functions that the engine calls.
func (e *Engine) registerCallbacks() {
	js.XJS_SetInterruptHandler(e.tls, e.rt, address(&e.interrupted, e.onInterrupt), 0)
	js.XJS_SetModuleLoaderFunc2(e.tls, e.rt, address(&e.normalize, e.onNormalize), address(&e.load, e.onLoad),
		address(&e.check, e.onAttributes), 0)
	js.XJS_SetHostPromiseRejectionTracker(e.tls, e.rt, address(&e.reject, e.onRejection), 0)
	address(&e.call, e.onCall)
	address(&e.callClosure, e.onClosure)
	address(&e.runCall, e.onJob)
	address(&e.finalize, e.onFinalize)
	address(&e.initialize, e.onInitialize)
	address(&e.release, e.onRelease)
}

// Close frees all memory of the engine. It may be called twice. While a scope is open it returns an
// error and frees nothing.
func (e *Engine) Close() error {
	switch {
	case e.rt == 0:
		return nil
	case e.scope != nil:
		return errors.New("engine: closed while a scope is open")
	}
	for v := range e.kept.all() {
		js.XFreeValue(e.tls, e.ctx, v)
	}
	e.kept = table[js.TJSValue]{} // Freeing the contexts may still call Release.
	for _, q := range e.calls {
		q.free()
	}
	e.shapes.forgetAll(e)
	e.forgetNames()
	e.freeRealms(true)
	js.XJS_FreeContext(e.tls, e.ctx)
	js.XJS_FreeRuntime(e.tls, e.rt)
	e.tls.Close()
	e.rt, e.ctx = 0, 0
	return nil
}

// Memory returns the bytes that the engine has allocated.
func (e *Engine) Memory() int64 {
	if e.rt == 0 {
		return 0
	}
	usage := libc.Xcalloc(e.tls, 1, js.Size_t(memoryUsageSize))
	if usage == 0 {
		return 0
	}
	defer libc.Xfree(e.tls, usage)
	js.XJS_ComputeMemoryUsage(e.tls, e.rt, usage)
	return pointerAt[js.TJSMemoryUsage](usage).Fmalloc_size
}

// Collect frees unreachable cycles of objects.
func (e *Engine) Collect() {
	if e.rt != 0 {
		js.XJS_RunGC(e.tls, e.rt)
	}
}
