package engine

import js "modernc.org/libquickjs"

// Define sets an own property as an object literal does: no setter runs, and "__proto__" is a name
// like others.
func (v Value) Define(name string, to Value) error {
	e := v.engine()
	atom, err := v.s.atom(name)
	if err != nil {
		return err
	}
	defer js.XJS_FreeAtom(e.tls, e.ctx, atom)
	return v.s.resultError(js.XJS_DefinePropertyValue(e.tls, e.ctx, v.v, atom, js.XDupValue(e.tls, e.ctx, e.rawValue(to)), js.MJS_PROP_C_W_E))
}

// atom returns a name as the engine stores it. The caller must free it.
func (s *Scope) atom(name string) (js.TJSAtom, error) {
	e := s.e
	text := lend(e, name)
	defer e.takeBack(text)
	atom := js.XJS_NewAtomLen(e.tls, e.ctx, text.address, js.Size_t(len(name)))
	if atom == js.MJS_ATOM_NULL {
		return atom, s.exception()
	}
	return atom, nil
}

// DefineIndex is Define for an element of an array.
func (v Value) DefineIndex(i uint32, to Value) error {
	e := v.engine()
	return v.s.resultError(js.XJS_DefinePropertyValueUint32(e.tls, e.ctx, v.v, i, js.XDupValue(e.tls, e.ctx, e.rawValue(to)), js.MJS_PROP_C_W_E))
}

// Prototype returns an object's prototype, which may be null.
func (v Value) Prototype() (Value, error) {
	return v.s.made(js.XJS_GetPrototype(v.engine().tls, v.engine().ctx, v.v))
}

// SetPrototype sets an object's prototype.
func (v Value) SetPrototype(to Value) error {
	e := v.engine()
	return v.s.resultError(js.XJS_SetPrototype(e.tls, e.ctx, v.v, e.rawValue(to)))
}

// Has reports whether an object has an own property of that name.
func (v Value) Has(name string) (bool, error) {
	e := v.engine()
	atom, err := v.s.atom(name)
	if err != nil {
		return false, err
	}
	defer js.XJS_FreeAtom(e.tls, e.ctx, atom)
	n := js.XJS_GetOwnProperty(e.tls, e.ctx, 0, v.v, atom)
	return n > 0, v.s.resultError(n)
}

// ID returns a number that no other living object has, 0 if v is no object.
func (v Value) ID() uint64 {
	if !v.IsObject() {
		return 0
	}
	return v.v.Fu.Fuint641
}
