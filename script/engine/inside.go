package engine

import (
	"math"
	"strconv"

	js "modernc.org/libquickjs"
)

// This file reads parts of objects that the language does not show: the target of a proxy, the
// remaining entries of an iterator, the entries of a weak collection, and an array's properties
// besides its elements. It runs nothing of a script.

// Proxy returns the target and the handler of a proxy, both null if it was revoked. ok reports
// whether v is a proxy.
func (v Value) Proxy() (target, handler Value, ok bool) {
	if v.Class() != ClassProxy {
		return v.s.Undefined(), v.s.Undefined(), false
	}
	data := pointerAt[js.TJSProxyData](v.opaque())
	if data.Fis_revoked != 0 {
		return v.s.Null(), v.s.Null(), true
	}
	return v.s.shared(data.Ftarget), v.s.shared(data.Fhandler), true
}

// opaque returns the address of the internal data of an object of a built-in class.
func (v Value) opaque() uintptr {
	id := v.engine().tls.Alloc(4)
	defer v.engine().tls.Free(4)
	return js.XJS_GetAnyOpaque(v.engine().tls, v.v, id)
}

// shared makes the scope another owner of v.
func (s *Scope) shared(v js.TJSValue) Value { return s.own(js.XDupValue(s.e.tls, s.e.ctx, v)) }

// Entries returns up to most entries of a weak collection, or of those that an iterator of a Map
// or Set has not yet returned. If pairs is true, keys and values alternate. ok reports whether v is
// one of these.
func (v Value) Entries(most int) (entries []Value, pairs, ok bool) {
	var state, last uintptr // the collection, and the last record that the iterator returned
	kind := js.TJSIteratorKindEnum(js.EJS_ITERATOR_KIND_KEY)
	switch v.Class() {
	case ClassWeakMap:
		kind = js.EJS_ITERATOR_KIND_KEY_AND_VALUE
		state = v.opaque()
	case ClassWeakSet:
		state = v.opaque()
	case ClassMapIterator, ClassSetIterator:
		it := pointerAt[js.TJSMapIteratorData](v.opaque())
		kind = it.Fkind
		if it.Fobj.Ftag != js.EJS_TAG_OBJECT {
			// The iterator is at its end.
			return nil, kind == js.EJS_ITERATOR_KIND_KEY_AND_VALUE, true
		}
		state, last = v.s.value(it.Fobj).opaque(), it.Fcur_record
	default:
		return nil, false, false
	}
	m := pointerAt[js.TJSMapState](state)
	end := state + recordsOffset
	link := m.Frecords.Fnext
	if last != 0 {
		link = pointerAt[js.TJSMapRecord](last).Flink.Fnext
	}
	pairs = kind == js.EJS_ITERATOR_KIND_KEY_AND_VALUE
	isSet := v.Class() == ClassSetIterator
	for n := 0; link != end && n < most; n++ {
		record := pointerAt[js.TJSMapRecord](link - linkOffset)
		link = record.Flink.Fnext
		if record.F__ccgo4 != 0 || m.Fis_weak != 0 && !isLive(record.Fkey) {
			continue
		}
		switch {
		case pairs && isSet:
			entries = append(entries, v.s.shared(record.Fkey), v.s.shared(record.Fkey))
		case pairs:
			entries = append(entries, v.s.shared(record.Fkey), v.s.shared(record.Fvalue))
		case kind == js.EJS_ITERATOR_KIND_VALUE && !isSet:
			entries = append(entries, v.s.shared(record.Fvalue))
		default:
			entries = append(entries, v.s.shared(record.Fkey))
		}
	}
	return entries, pairs, true
}

// isLive reports whether the key of a weak collection still exists.
func isLive(key js.TJSValue) bool {
	return !isCounted(key) || pointerAt[js.TJSMallocBlockHeader](uintptr(key.Fu.Fuint641)-rcOffset).Fref_count != 0
}

// OwnKeys returns the names and symbols of an object's own properties, except indexes, which a
// large array has many of. If enumerable, only enumerable ones. For a proxy it returns nil.
func (v Value) OwnKeys(enumerable bool) []Value {
	if !v.IsObject() || v.Class() == ClassProxy {
		return nil
	}
	e := v.engine()
	shape := pointerAt[js.TJSObject](uintptr(v.v.Fu.Fuint641)).Fshape
	sh := pointerAt[js.TJSShape](shape)
	from := shape + shapeSize + (uintptr(sh.Fprop_hash_mask)+1)*4
	var names, symbols []Value
	for i := range uintptr(sh.Fprop_count) {
		p := pointerAt[js.TJSShapeProperty](from + i*shapePropertySize)
		listed := p.F__ccgo0>>26&js.MJS_PROP_ENUMERABLE != 0
		if p.Fatom == js.MJS_ATOM_NULL || p.Fatom&js.MJS_ATOM_TAG_INT != 0 || enumerable && !listed {
			continue
		}
		switch key := v.s.must(js.XJS_AtomToValue(e.tls, e.ctx, p.Fatom)); {
		case key.v.Ftag != js.EJS_TAG_SYMBOL:
			if !isLargeIndex(key.Text()) {
				names = append(names, key)
			}
		// private names are left out
		case *pointerAt[uint32](uintptr(key.v.Fu.Fuint641) + 4)&js.MJS_ATOM_HASH_MASK != js.MJS_ATOM_HASH_PRIVATE:
			symbols = append(symbols, key)
		}
	}
	return append(names, symbols...)
}

// isLargeIndex reports whether a name is an index above 2^31, which the engine does not store as a
// number.
func isLargeIndex(name string) bool {
	if len(name) != len("4294967294") || name[0] < '1' || name[0] > '9' {
		return false
	}
	n, err := strconv.ParseUint(name, 10, 32)
	return err == nil && n != math.MaxUint32
}
