package engine

import js "modernc.org/libquickjs"

// Name is the name of a property, by which it is found without looking for the name first. It is good as long as its engine.
type Name struct {
	e    *Engine
	atom js.TJSAtom
}

// Name returns the name text. It is made for those that are used again and again: the engine never lets go of it.
func (s *Scope) Name(text string) Name {
	e := s.e
	copied := lend(e, text)
	defer e.takeBack(copied)
	return e.name(js.XJS_NewAtomLen(e.tls, e.ctx, copied.address, js.Size_t(len(text))))
}

// Name returns the name that a value stands for in brackets: of a string or a symbol.
func (v Value) Name() Name {
	e := v.engine()
	return e.name(js.XJS_ValueToAtom(e.tls, e.ctx, v.v))
}

func (e *Engine) name(atom js.TJSAtom) Name {
	if atom == js.MJS_ATOM_NULL {
		panic(&MemoryError{e.scope.exception()})
	}
	e.names = append(e.names, atom)
	return Name{e, atom}
}

// Property is [Value.Get] by a Name.
func (v Value) Property(n Name) (Value, error) {
	e := v.engine()
	if n.e != e {
		panic("engine: a name of one engine is given to another")
	}
	return v.s.made(js.XJS_GetPropertyInternal(e.tls, e.ctx, v.v, n.atom, v.v, 0))
}

// forgetNames lets go of all names.
func (e *Engine) forgetNames() {
	for _, atom := range e.names {
		js.XJS_FreeAtom(e.tls, e.ctx, atom)
	}
	e.names = nil
}

// Cells returns a Uint32Array of n elements, and the elements themselves, which Go may read and write until the engine is closed, at
// any time that nothing else uses the engine. The script must not get hold of it: who transfers or resizes its buffer takes them away.
func (s *Scope) Cells(n int) (v Value, cells []uint32) {
	e := s.e
	buffer := s.ArrayBuffer(make([]byte, 4*n))
	argv := e.arguments([]Value{buffer, s.Undefined(), s.Undefined()}) // The engine reads all three.
	defer e.tls.Free(3 * valueSize)
	v = s.must(js.XJS_NewTypedArray(e.tls, e.ctx, 3, argv, js.EJS_TYPED_ARRAY_UINT32))
	v.Keep() // until the engine is closed
	return v, wordsOf(buffer.buffer())
}
