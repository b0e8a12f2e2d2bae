package engine

import (
	"fmt"

	"modernc.org/libc"
	js "modernc.org/libquickjs"
)

// Module is the result of [Options.Load]: a module made of Init if set, else of Bytecode if set,
// else of Source.
type Module struct {
	Source   string
	Bytecode []byte   // from [Scope.CompileModule]
	Exports  []string // names that Init sets

	// Init is called when the module is evaluated, to set its Exports. One that it does not set is
	// undefined.
	Init func(s *Scope, set func(name string, to Value)) error

	// Meta fills import.meta. nil: it stays empty.
	Meta func(s *Scope, meta Value) error
}

// onNormalize is called by the engine for each import. It returns a name in memory that the engine
// frees.
func (e *Engine) onNormalize(tls *libc.TLS, ctx, base, specifier, _ uintptr) (name uintptr) {
	e.guard(func(s *Scope) error {
		resolved := libc.GoString(specifier)
		if e.o.Resolve != nil {
			from := libc.GoString(base)
			kind, err := s.importKind(ctx, from, resolved)
			if err != nil {
				return err
			}
			if resolved, err = e.o.Resolve(s, from, resolved, kind); err != nil {
				return err
			}
		}
		if name = js.Xjs_malloc(tls, ctx, js.Size_t(len(resolved)+1)); name == 0 {
			return s.exception()
		}
		copy(bytesAt(name, len(resolved)), resolved)
		*pointerAt[byte](name + uintptr(len(resolved))) = 0
		return nil
	})
	return name
}

// onLoad is called by the engine for each module that it does not have.
func (e *Engine) onLoad(_ *libc.TLS, _, name, _ uintptr, attributes js.TJSValue) (definition uintptr) {
	e.guard(func(s *Scope) error {
		text := libc.GoString(name)
		kind, err := s.kindOf(attributes)
		if err != nil {
			return err
		}
		if e.o.Load == nil {
			return fmt.Errorf("there is no module %q", text)
		}
		m, err := e.o.Load(s, text, kind)
		if err != nil {
			return err
		}
		if definition, err = s.define(text, m); err == nil {
			s.remember(text, definition)
		}
		return err
	})
	return definition
}

// guard calls fn for the engine, and makes its error or its panic the pending exception.
func (e *Engine) guard(fn func(s *Scope) error) {
	s := e.open()
	defer e.close(s)
	defer func() {
		if p := recover(); p != nil {
			s.throwPanic(p)
		}
	}()
	if err := fn(s); err != nil {
		s.throw(err)
	}
}

// define makes a module, and returns its definition in the engine.
func (s *Scope) define(name string, m *Module) (uintptr, error) {
	e := s.e
	if m.Init != nil {
		return s.defineNative(name, m)
	}
	var v Value
	var err error
	if m.Bytecode != nil {
		v, err = s.readBytecode(m.Bytecode)
	} else {
		v, err = s.read(name, m.Source, js.MJS_EVAL_TYPE_MODULE)
	}
	if err != nil {
		return 0, err
	}
	if m.Bytecode != nil {
		if err := s.resultError(js.XJS_ResolveModule(e.tls, e.ctx, v.v)); err != nil {
			return 0, err
		}
	}
	definition := uintptr(v.v.Fu.Fuint641) // The engine's list of modules owns it.
	return definition, s.meta(definition, m)
}

func (s *Scope) meta(definition uintptr, m *Module) error {
	if m.Meta == nil {
		return nil
	}
	meta, err := s.made(js.XJS_GetImportMeta(s.e.tls, s.e.ctx, definition))
	if err != nil {
		return err
	}
	return m.Meta(s, meta)
}

// defineNative makes a module whose Init runs when the engine evaluates it.
func (s *Scope) defineNative(name string, m *Module) (uintptr, error) {
	e := s.e
	text := lend(e, name)
	defer e.takeBack(text)
	definition := js.XJS_NewCModule(e.tls, e.ctx, text.address, addressOf[func(*libc.TLS, uintptr, uintptr) int32](e.initialize))
	if definition == 0 {
		return 0, s.exception()
	}
	for _, export := range m.Exports {
		text := lend(e, export)
		n := js.XJS_AddModuleExport(e.tls, e.ctx, definition, text.address)
		e.takeBack(text)
		if err := s.resultError(n); err != nil {
			return 0, err
		}
	}
	e.modules[definition] = m
	return definition, nil
}

// onInitialize is called by the engine when it evaluates a module with Init.
func (e *Engine) onInitialize(tls *libc.TLS, ctx, definition uintptr) (n int32) {
	n = -1
	e.guard(func(s *Scope) error {
		m := e.modules[definition]
		delete(e.modules, definition)
		var failed error
		err := m.Init(s, func(name string, to Value) {
			text := lend(e, name)
			defer e.takeBack(text)
			if js.XJS_SetModuleExport(tls, ctx, definition, text.address, js.XDupValue(tls, ctx, e.rawValue(to))) < 0 && failed == nil {
				failed = fmt.Errorf("a module has no export %q", name)
			}
		})
		if err == nil {
			err = failed
		}
		if err == nil {
			n = 0
		}
		return err
	})
	return n
}

// Compile returns the bytecode of a script, for [Scope.Run]. Bytecode is valid for this version of
// the engine on systems with the same byte order. It is trusted: bytes that are not from Compile
// can crash the program.
func (s *Scope) Compile(name, source string) ([]byte, error) {
	return s.compile(name, source, js.MJS_EVAL_TYPE_GLOBAL)
}

// CompileModule is Compile for a module, for [Module.Bytecode]. Its imports are resolved now, and
// again when it is loaded.
func (s *Scope) CompileModule(name, source string) ([]byte, error) {
	return s.compile(name, source, js.MJS_EVAL_TYPE_MODULE)
}

func (s *Scope) compile(name, source string, kind int32) ([]byte, error) {
	e := s.e
	v, err := s.read(name, source, kind)
	if err != nil {
		return nil, err
	}
	size := e.tls.Alloc(8)
	defer e.tls.Free(8)
	code := js.XJS_WriteObject(e.tls, e.ctx, size, v.v, js.MJS_WRITE_OBJ_BYTECODE)
	if code == 0 {
		return nil, s.exception()
	}
	defer js.Xjs_free(e.tls, e.ctx, code)
	return append([]byte(nil), bytesAt(code, int(*pointerAt[js.Size_t](size)))...), nil
}

// read returns a compiled script or module that has not run.
func (s *Scope) read(name, source string, kind int32) (Value, error) {
	s.e.attributes.reading++
	defer func() { s.e.attributes.reading-- }() // also after a panic of Options.Resolve
	return s.eval(name, source, kind|js.MJS_EVAL_FLAG_COMPILE_ONLY)
}

// Run runs the bytecode of a script and returns the value of its last statement.
func (s *Scope) Run(code []byte) (Value, error) {
	e := s.e
	if err := s.interruption(); err != nil {
		return s.Undefined(), err
	}
	v, err := s.readBytecode(code)
	if err != nil {
		return s.Undefined(), err
	}
	return s.made(js.XJS_EvalFunction(e.tls, e.ctx, js.XDupValue(e.tls, e.ctx, v.v)))
}

// RunConstant is Run for bytecode that is a constant of the program, as go:embed makes one. It is
// not copied.
func (s *Scope) RunConstant(code string) (Value, error) {
	e := s.e
	if err := s.interruption(); err != nil {
		return s.Undefined(), err
	}
	v, err := s.made(js.XJS_ReadObject(e.tls, e.ctx, constantAddress(code), js.Size_t(len(code)), js.MJS_READ_OBJ_BYTECODE))
	if err != nil {
		return s.Undefined(), err
	}
	return s.made(js.XJS_EvalFunction(e.tls, e.ctx, js.XDupValue(e.tls, e.ctx, v.v)))
}

func (s *Scope) readBytecode(code []byte) (Value, error) {
	e := s.e
	memory := libc.Xmalloc(e.tls, js.Size_t(max(1, len(code))))
	if memory == 0 {
		return s.Undefined(), fmt.Errorf("engine: no memory for bytecode")
	}
	defer libc.Xfree(e.tls, memory)
	copy(bytesAt(memory, len(code)), code)
	return s.made(js.XJS_ReadObject(e.tls, e.ctx, memory, js.Size_t(len(code)), js.MJS_READ_OBJ_BYTECODE))
}

// StripSource makes bytecode that is compiled from now on omit the source of functions, which
// toString then does not return.
func (e *Engine) StripSource() {
	if e.rt != 0 {
		js.XJS_SetStripInfo(e.tls, e.rt, js.MJS_STRIP_SOURCE)
	}
}
