package engine

import js "modernc.org/libquickjs"

// Name is the name of a property as the engine stores it, which saves looking it up. It is valid as
// long as its engine.
type Name struct {
	e    *Engine
	atom js.TJSAtom
}

// Name returns the name text. It is meant for names that are used often: the engine keeps it until
// Close.
func (s *Scope) Name(text string) Name {
	atom, err := s.atom(text)
	if err != nil {
		panic(&MemoryError{err})
	}
	return s.e.name(atom)
}

// Name returns v as the name of a property. v must be a string or a symbol.
func (v Value) Name() Name {
	e := v.engine()
	atom := js.XJS_ValueToAtom(e.tls, e.ctx, v.v)
	if atom == js.MJS_ATOM_NULL {
		panic(&MemoryError{v.s.exception()})
	}
	return e.name(atom)
}

func (e *Engine) name(atom js.TJSAtom) Name {
	e.names = append(e.names, atom)
	return Name{e, atom}
}

// Property is [Value.Get] for a Name.
func (v Value) Property(n Name) (Value, error) {
	e := v.engine()
	if n.e != e {
		panic("engine: a name of one engine is given to another")
	}
	return v.s.made(js.XJS_GetPropertyInternal(e.tls, e.ctx, v.v, n.atom, v.v, 0))
}

// Member returns v[key].
func (v Value) Member(key Value) (Value, error) {
	e := v.engine()
	atom := js.XJS_ValueToAtom(e.tls, e.ctx, e.rawValue(key))
	if atom == js.MJS_ATOM_NULL {
		v.s.reraise()
		return v.s.Undefined(), v.s.exception()
	}
	defer js.XJS_FreeAtom(e.tls, e.ctx, atom)
	return v.s.made(js.XJS_GetPropertyInternal(e.tls, e.ctx, v.v, atom, v.v, 0))
}

// forgetNames frees all names.
func (e *Engine) forgetNames() {
	for _, atom := range e.names {
		js.XJS_FreeAtom(e.tls, e.ctx, atom)
	}
	e.names = nil
}
