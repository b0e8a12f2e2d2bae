// Package engine runs JavaScript (ES2023) inside a Go program: QuickJS, as Go. It knows nothing of
// files, processes or loops.
//
// An [Engine] has one global object. Whoever uses it opens a [Scope] with [Engine.Do]; the values
// made or met in there belong to the scope and are let go when it ends. A function of Go that
// JavaScript calls has a scope of its own, its [Call]. What must outlive a scope is kept with
// [Value.Keep], which is meant for functions to be called later, or waits in [Calls]; nothing else
// of Go holds values of the engine.
//
// An engine and its values are used by one goroutine at a time; [Engine.Interrupt] may be called
// from any. A panic in a function that JavaScript called goes to whoever called into the engine: it
// is caught where it would unwind frames of the engine, which then sees an exception that no script
// can catch, and raised again on the other side. [runtime.Goexit] in such a function is not
// allowed.
//
// The 64-bit systems that modernc.org/libquickjs supports can run it: Linux, macOS and FreeBSD.
package engine

import (
	"errors"
	"sync/atomic"

	"modernc.org/libc"
	js "modernc.org/libquickjs"
)

// Options are the settings of an [Engine]. Its functions are called by the goroutine that uses the
// engine.
type Options struct {
	// MemoryLimit bounds what the engine allocates: bytes, 0 for no bound. Over it scripts get an
	// InternalError "out of memory".
	MemoryLimit int64

	// GCThreshold is how much is allocated before the first collection of cycles: bytes, 0 for 8
	// MiB.
	GCThreshold int64

	// StackDepth bounds recursion: frames of the engine, of which a plain call takes one and a call
	// through a function of the language some, 0 for 10,000, which is about what Node has. Over it
	// scripts get an InternalError "stack overflow". A frame takes about 2 KiB of a goroutine's
	// stack, and more on some systems; Go ends the program if that is a GB.
	StackDepth int

	// Throw makes the exception of an error that a function of Go has returned, unless it is an
	// [Exception], which is thrown as it was. nil: an Error with the error's text as its message.
	Throw func(s *Scope, err error) Value

	// Resolve returns the name of the module that a module or script named base imports as
	// specifier. kind is the import attribute "type", or empty. nil: specifier itself.
	Resolve func(s *Scope, base, specifier, kind string) (string, error)

	// Load returns the module of a name that Resolve has returned, until there is one of that name.
	// kind is as in Resolve. nil: there is none.
	Load func(s *Scope, name, kind string) (*Module, error)

	// Attributes returns an error if an import may not have these attributes: an object. nil: it
	// may have any.
	Attributes func(s *Scope, attributes Value) error

	// Rejection is called when a promise is rejected that nobody handles, and again, with handled,
	// when somebody does after all.
	Rejection func(s *Scope, promise, reason Value, handled bool)
}

const defaultStackDepth = 10_000

// Engine is one JavaScript runtime with one global object.
type Engine struct {
	o       Options
	tls     *libc.TLS
	rt, ctx uintptr

	functions     []Func     // by the magic of their functions of the engine
	natives       table[any] // by the opaque of their objects
	kept          table[js.TJSValue]
	namedModules  map[string]Kept // modules by the names they were loaded by
	lastRejection lastRejection

	evaluating int // calls of EvalModule that are under way

	jobs       jobs
	attributes attributes

	realms       map[*realm]bool // whether nothing refers to it any more
	hasDeadRealm bool

	reader plainReader
	shapes shapes
	names  []js.TJSAtom // that are kept
	calls  []*Calls

	scope      *Scope // the innermost open one
	freeScopes *Scope // closed ones, to be used again
	panicked   any    // on its way through the engine
	interrupt  atomic.Pointer[error]

	// What the engine calls: it holds their addresses as numbers, which the collector of Go does
	// not see.
	call, callClosure, runCall, finalize, interrupted, normalize, load, check, reject, initialize, release any
	// of Go, until they are initialized
	modules map[uintptr]*Module
}

// ErrClosed is the error of an engine that was closed.
var ErrClosed = errors.New("engine: closed")

// New returns an engine, which has to be closed. o may be nil. Its error says that there is no
// memory for one.
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

// registerCallbacks tells the engine whom to call.
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

// Close frees all that the engine has. It may be called twice, and not while a scope is open.
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
	e.kept = table[js.TJSValue]{} // Release comes for some of them yet.
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

// Memory returns what the engine has allocated: bytes.
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

// Collect frees objects that only refer to each other.
func (e *Engine) Collect() {
	if e.rt != 0 {
		js.XJS_RunGC(e.tls, e.rt)
	}
}
