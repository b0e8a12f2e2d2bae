package engine

import (
	"math"
	"strconv"

	js "modernc.org/libquickjs"
)

// This file looks into objects where the language has no way to: what a proxy stands for, what is
// left of an iterator, what a weak collection holds, which properties an array has besides its
// elements. Nothing of a script runs meanwhile.

// Proxy returns what a proxy stands for and what handles it, both null if it was revoked. ok says
// whether v is one.
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

// opaque returns the address of what an object of a class of the engine has besides its properties.
func (v Value) opaque() uintptr {
	id := v.engine().tls.Alloc(4)
	defer v.engine().tls.Free(4)
	return js.XJS_GetAnyOpaque(v.engine().tls, v.v, id)
}

// shared makes the scope another owner of v.
func (s *Scope) shared(v js.TJSValue) Value { return s.own(js.XDupValue(s.e.tls, s.e.ctx, v)) }

// Entries returns what a weak collection holds, and what an iterator of a Map or Set has yet to
// give, at most that many. With pairs, keys and values alternate. ok says whether v is one of
// these.
func (v Value) Entries(most int) (entries []Value, pairs, ok bool) {
	var state, last uintptr // the collection, and the record that was given last
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
			return nil, kind == js.EJS_ITERATOR_KIND_KEY_AND_VALUE, true // It is at its end.
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

// isLive reports whether the key of a weak collection has not been collected.
func isLive(key js.TJSValue) bool {
	return !isCounted(key) || pointerAt[js.TJSMallocBlockHeader](uintptr(key.Fu.Fuint641)-rcOffset).Fref_count != 0
}

// OwnKeys returns the names and symbols of an object's own properties besides those that are
// indexes, which of a large array would be many. With enumerable it leaves out the others. A proxy
// has none.
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
		// a private name is none
		case *pointerAt[uint32](uintptr(key.v.Fu.Fuint641) + 4)&js.MJS_ATOM_HASH_MASK != js.MJS_ATOM_HASH_PRIVATE:
			symbols = append(symbols, key)
		}
	}
	return append(names, symbols...)
}

// isLargeIndex reports whether a property's name is an index that the engine does not keep as a
// number: one above 2^31.
func isLargeIndex(name string) bool {
	if len(name) != len("4294967294") || name[0] < '1' || name[0] > '9' {
		return false
	}
	n, err := strconv.ParseUint(name, 10, 32)
	return err == nil && n != math.MaxUint32
}
