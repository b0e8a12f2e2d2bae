package engine

import (
	"bytes"

	js "modernc.org/libquickjs"
)

// shapes keeps a model object for each list of names that objects of JSON had, so that later
// objects get its shape at once. A shape is the engine's list of an object's names in their order;
// objects that were made in the same way share it, and it is reference-counted.
type shapes struct {
	empty  js.TJSValue            // an object without members; valid once models is not nil
	models map[string]js.TJSValue // by names, each followed by a quote
}

const (
	maxModels      = 64  // over it all are dropped, so that a peer cannot make them grow
	maxModelNames  = 512 // bytes of names; longer lists get no model
	maxModelValues = 32
)

// object returns a new object with values for members. In names each name is followed by a quote.
// The object takes ownership of the values, unless ok is false.
func (h *shapes) object(e *Engine, names []byte, values []js.TJSValue) (v js.TJSValue, ok bool) {
	model, known := h.models[string(names)]
	if !known {
		return h.objectFirst(e, names, values)
	}
	if v, ok = e.plainValue(js.XJS_NewObject(e.tls, e.ctx)); !ok {
		return v, false
	}
	o, m := pointerAt[js.TJSObject](uintptr(v.Fu.Fuint641)), pointerAt[js.TJSObject](uintptr(model.Fu.Fuint641))
	if len(values) == 0 {
		return v, true
	}
	if o.Fshape != pointerAt[js.TJSObject](uintptr(h.empty.Fu.Fuint641)).Fshape {
		js.XFreeValue(e.tls, e.ctx, v) // Unreachable: all empty objects share a shape.
		return e.plainObject(names, values)
	}
	if room := pointerAt[js.TJSShape](m.Fshape).Fprop_size; room > pointerAt[js.TJSShape](o.Fshape).Fprop_size {
		properties := js.Xjs_realloc(e.tls, e.ctx, o.Fprop, js.Size_t(int(room)*valueSize))
		if properties == 0 {
			js.XFreeValue(e.tls, e.ctx, v)
			return e.plainValue(js.TJSValue{Ftag: js.EJS_TAG_EXCEPTION})
		}
		o.Fprop = properties
	}
	countOf(o.Fshape).Fref_count-- // h.empty still counts.
	countOf(m.Fshape).Fref_count++
	o.Fshape = m.Fshape
	for i := range values {
		*pointerAt[js.TJSValue](o.Fprop + uintptr(i*valueSize)) = values[i]
	}
	return v, true
}

// countOf returns the reference count of an object or a shape.
func countOf(address uintptr) *js.TJSMallocBlockHeader {
	return pointerAt[js.TJSMallocBlockHeader](address - rcOffset)
}

// objectFirst is object for unknown names. It keeps a model if the shape can be reused.
func (h *shapes) objectFirst(e *Engine, names []byte, values []js.TJSValue) (v js.TJSValue, ok bool) {
	if len(names) > maxModelNames || len(values) > maxModelValues {
		return e.plainObject(names, values)
	}
	if len(h.models) >= maxModels {
		h.forgetAll(e)
	}
	if h.models == nil {
		if h.empty, ok = e.plainValue(js.XJS_NewObject(e.tls, e.ctx)); !ok {
			return v, false
		}
		h.models = map[string]js.TJSValue{}
	}
	if v, ok = e.plainObject(names, values); !ok {
		return v, false
	}
	blank := make([]js.TJSValue, len(values))
	for i := range blank {
		blank[i].Ftag = js.EJS_TAG_UNDEFINED
	}
	model, made := e.plainObject(names, blank)
	if !made {
		return v, true
	}
	if sh := shapeOf(uintptr(model.Fu.Fuint641)); int(sh.Fprop_count) != len(values) || sh.Fis_hashed == 0 {
		js.XFreeValue(e.tls, e.ctx, model) // A name occurs twice.
		return v, true
	}
	h.models[string(names)] = model
	return v, true
}

// forgetAll frees all models.
func (h *shapes) forgetAll(e *Engine) {
	for _, model := range h.models {
		js.XFreeValue(e.tls, e.ctx, model)
	}
	if h.models != nil {
		js.XFreeValue(e.tls, e.ctx, h.empty)
	}
	h.models = nil
}

// plainObject is shapes.object by the engine's own functions.
func (e *Engine) plainObject(names []byte, values []js.TJSValue) (v js.TJSValue, ok bool) {
	if v, ok = e.plainValue(js.XJS_NewObject(e.tls, e.ctx)); !ok {
		return v, false
	}
	for i := range values {
		name, rest, _ := bytes.Cut(names, []byte{'"'})
		names = rest
		if !e.plainMember(v, name, values[i]) {
			js.XFreeValue(e.tls, e.ctx, v)
			return e.plainValue(js.TJSValue{Ftag: js.EJS_TAG_EXCEPTION})
		}
	}
	for i := range values {
		js.XFreeValue(e.tls, e.ctx, values[i]) // The object holds them.
	}
	return v, true
}

// plainMember adds a member. The caller still owns value.
func (e *Engine) plainMember(object js.TJSValue, name []byte, value js.TJSValue) bool {
	text := lend(e, name)
	defer e.takeBack(text)
	atom := js.XJS_NewAtomLen(e.tls, e.ctx, text.address, js.Size_t(len(name)))
	if atom == js.MJS_ATOM_NULL {
		return false
	}
	defer js.XJS_FreeAtom(e.tls, e.ctx, atom)
	return js.XJS_DefinePropertyValue(e.tls, e.ctx, object, atom, js.XDupValue(e.tls, e.ctx, value), js.MJS_PROP_C_W_E) >= 0
}

// plainArray returns a new array. It takes ownership of the values, unless ok is false.
func (e *Engine) plainArray(values []js.TJSValue) (v js.TJSValue, ok bool) {
	if v, ok = e.plainValue(js.XJS_NewArray(e.tls, e.ctx)); !ok || len(values) == 0 {
		return v, ok
	}
	memory := js.Xjs_malloc(e.tls, e.ctx, js.Size_t(len(values)*valueSize))
	if memory == 0 {
		js.XFreeValue(e.tls, e.ctx, v)
		return e.plainValue(js.TJSValue{Ftag: js.EJS_TAG_EXCEPTION})
	}
	for i := range values {
		*pointerAt[js.TJSValue](memory + uintptr(i*valueSize)) = values[i]
	}
	object := uintptr(v.Fu.Fuint641)
	elements := pointerAt[fastArray](object + elementsOffset)
	elements.capacity, elements.values, elements.count = uint32(len(values)), memory, uint32(len(values))
	*pointerAt[js.TJSValue](pointerAt[js.TJSObject](object).Fprop) = intValue(int32(len(values)))
	return v, true
}

// plainString returns a string of UTF-8.
func (e *Engine) plainString(address uintptr, n int) (js.TJSValue, bool) {
	return e.plainValue(js.XJS_NewStringLen(e.tls, e.ctx, address, js.Size_t(n)))
}

// plainValue reports whether there was memory for v. If not, it drops the exception; the engine
// will throw it again when it reads the same text.
func (e *Engine) plainValue(v js.TJSValue) (js.TJSValue, bool) {
	if v.Ftag != js.EJS_TAG_EXCEPTION {
		return v, true
	}
	js.XFreeValue(e.tls, e.ctx, js.XJS_GetException(e.tls, e.ctx))
	return v, false
}
