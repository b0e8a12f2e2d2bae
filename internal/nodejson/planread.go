package nodejson

import (
	"reflect"
	"strings"
	"unicode/utf8"
)

// planReader reads a text by plans, into places that are zero, because only the library has the
// rules for values that are there before. Its methods read the text at i and move i behind it, or
// report false if they have given up.
type planReader struct {
	p     []byte
	i     int
	depth int // arrays, objects and pointers around i

	extra bool // a member of the text has no field

	recent [recentStrings]string // recent strings, see share
}

// readPlanned reads p into v, which must be addressable and zero. If it has given up, v is zero.
// extra reports whether a member of the text has no field.
func readPlanned(p []byte, v reflect.Value, t *plan) (extra, ok bool) {
	r := planReader{p: p, i: skipBlanks(p, 0)}
	if r.value(placeOf(v), t) && checkEnd(p, r.i) == nil {
		return r.extra, true
	}
	v.SetZero()
	return false, false
}

func (r *planReader) value(to place, t *plan) bool {
	if r.i >= len(r.p) {
		return false
	}
	if r.p[r.i] == 'n' && t.kind != asRaw {
		return r.null(to, t)
	}
	switch t.kind {
	case asBool:
		return r.boolean(to)
	case asInt:
		return r.int(to, t.size)
	case asUint:
		return r.uint(to, t.size)
	case asFloat32:
		return r.float32(to)
	case asFloat64:
		return r.float64(to)
	case asString:
		return r.text(to)
	case asBytes:
		return r.bytes(to)
	case asTime:
		return r.time(to)
	case asNumber:
		return r.number(to)
	case asRaw:
		return r.raw(to)
	case asAny:
		return r.any(to)
	}
	if r.depth >= maxDepth {
		return false
	}
	r.depth++
	ok := r.inside(to, t)
	r.depth--
	return ok
}

// inside is value for a type with other values inside.
func (r *planReader) inside(to place, t *plan) bool {
	switch t.kind {
	case asPointer:
		return to.isNil() && r.pointer(to, t)
	case asSlice:
		return r.p[r.i] == '[' && to.isNil() && r.list(to, t)
	case asArray:
		return r.p[r.i] == '[' && to.value(t.typ).IsZero() && r.array(to, t)
	case asMap:
		return r.p[r.i] == '{' && to.isNil() && r.table(to.value(t.typ), t)
	case asObject:
		return r.p[r.i] == '{' && to.isNil() && r.object(to)
	}
	return r.p[r.i] == '{' && r.record(to, t)
}

// null reads null. It leaves a value that cannot be nil as it is, as encoding/json does.
func (r *planReader) null(to place, t *plan) bool {
	end, err := skipWord(r.p, r.i, "null")
	if err != nil {
		return false
	}
	r.i = end
	if t.kind.nullable() {
		to.value(t.typ).SetZero() // It may be set, if the same member comes twice.
	}
	return true
}

// pointer reads a value into a new variable and sets the pointer to it.
func (r *planReader) pointer(to place, t *plan) bool {
	made := targetOf(reflect.New(t.elem.typ))
	to.setTarget(made)
	return r.value(made, t.elem)
}

// list reads an array into a slice.
func (r *planReader) list(to place, t *plan) bool {
	v := to.value(t.typ)
	if r.i = skipBlanks(r.p, r.i+1); r.i < len(r.p) && r.p[r.i] == ']' {
		r.i++
		v.Set(reflect.MakeSlice(t.typ, 0, 0))
		return true
	}
	start := r.i
	var elem place
	for n, room := 0, 0; ; n++ {
		if n == room {
			v.Grow(t.room(n, r.i-start, len(r.p)-r.i)) // The new memory is zero.
			room = v.Cap()
			v.SetLen(room)
			elem = targetOf(v).field(uintptr(n) * t.elem.size)
		}
		if !r.value(elem, t.elem) {
			return false
		}
		if more, ok := r.separator(']'); !more {
			v.SetLen(n + 1)
			return ok
		}
		if n+1 < room {
			elem = elem.field(t.elem.size)
		}
	}
}

// separator moves behind the bracket that follows an element, or, if more is true, behind the comma
// and its blanks.
func (r *planReader) separator(closing byte) (more, ok bool) {
	if plainComma(r.p, r.i) {
		r.i++
		return true, true
	}
	return r.unusualSeparator(closing)
}

// unusualSeparator is separator for a bracket, or a comma with blanks.
func (r *planReader) unusualSeparator(closing byte) (more, ok bool) {
	more, next, err := separator(r.p, r.i, closing)
	r.i = next
	return more, err == nil
}

const (
	// firstElements is the number of small elements for which a slice first gets memory, because
	// most slices have more than one element.
	firstElements = 4
	smallElement  = 64 // bytes

	// mostGrowth is the factor by which a slice may grow at once. It bounds the memory, in
	// proportion to the elements that came, for a text whose end is unlike its beginning.
	mostGrowth = 16
)

// room returns the number of elements for which a full slice of n should get more memory. The n
// elements had done bytes of text; the left bytes may have as many for each element. The runtime
// rounds up, as for append.
func (t *plan) room(n, done, left int) int {
	switch {
	case n > 0:
		return max(1, min(mostGrowth*n, left*n/done+1))
	case t.elem.typ.Size() <= smallElement:
		return firstElements
	}
	return 1
}

// array reads a JSON array into a Go array. Further elements of the text are skipped; elements that
// do not come stay zero.
func (r *planReader) array(to place, t *plan) bool {
	if r.i = skipBlanks(r.p, r.i+1); r.i < len(r.p) && r.p[r.i] == ']' {
		r.i++
		return true
	}
	for n, size := 0, t.typ.Len(); ; n++ {
		if n < size && !r.value(to.field(uintptr(n)*t.elem.size), t.elem) || n >= size && !r.skip() {
			return false
		}
		if more, ok := r.separator(']'); !more {
			return ok
		}
	}
}

// object reads an object as Value does.
func (r *planReader) object(to place) bool {
	m, end, err := decodeObject(r.p, r.i, r.depth-1, nil)
	if err != nil {
		return false
	}
	*to.object() = m
	r.i = end
	return true
}

// member reads a key and the colon, and returns the key with its quotes.
func (r *planReader) member() (key []byte, ok bool) {
	end, value, err := skipKey(r.p, r.i)
	if err != nil {
		return nil, false
	}
	key = r.p[r.i:end]
	r.i = value
	return key, true
}

// table reads an object into a map.
func (r *planReader) table(v reflect.Value, t *plan) bool {
	m := reflect.MakeMap(t.typ)
	v.Set(m)
	if r.i = skipBlanks(r.p, r.i+1); r.i < len(r.p) && r.p[r.i] == '}' {
		r.i++
		return true
	}
	elem := reflect.New(t.elem.typ).Elem()
	at := placeOf(elem)
	for n := 1; ; n++ {
		key, ok := r.member()
		if !ok {
			return false
		}
		elem.SetZero()
		if !r.value(at, t.elem) {
			return false
		}
		m.SetMapIndex(reflect.ValueOf(keyText(key)).Convert(t.typ.Key()), elem)
		if m.Len() != n {
			return false // The key came twice.
		}
		if more, ok := r.separator('}'); !more {
			return ok
		}
	}
}

// record reads an object into a struct.
func (r *planReader) record(to place, t *plan) bool {
	if r.i = skipBlanks(r.p, r.i+1); r.i < len(r.p) && r.p[r.i] == '}' {
		r.i++
		return true
	}
	for at := 0; ; at++ {
		// Members mostly come in the order of the fields, and without blanks.
		if at < len(t.fields) && t.fields[at].name.begins(r.p[r.i:]) {
			r.i = skipBlanks(r.p, r.i+len(t.fields[at].name.text))
		} else {
			var ok bool
			if at, ok = r.field(t); !ok {
				return false
			}
		}
		if !r.fieldValue(to, t, at) {
			return false
		}
		if more, ok := r.separator('}'); !more {
			return ok
		}
	}
}

// fieldValue reads the value of field number at of a struct; if at is -1 it skips the value.
func (r *planReader) fieldValue(to place, t *plan, at int) bool {
	if at < 0 {
		return r.skip()
	}
	f := &t.fields[at]
	if !f.remote {
		return r.value(to.field(f.offset), f.plan)
	}
	field, ok := f.Make(to.value(t.typ))
	return ok && r.value(placeOf(field), f.plan)
}

// field reads a key and returns the number of its field, -1 if there is none. It gives up on a key
// that may match in another case or has escapes.
func (r *planReader) field(t *plan) (at int, ok bool) {
	key, ok := r.member()
	if !ok {
		return 0, false
	}
	name := key[1 : len(key)-1]
	if at, ok := t.byName[string(name)]; ok {
		return at, true
	}
	for _, c := range name {
		if c == '\\' || c >= utf8.RuneSelf {
			return 0, false
		}
	}
	for i := range t.fields {
		if len(t.fields[i].Name) == len(name) && strings.EqualFold(t.fields[i].Name, string(name)) {
			return 0, false
		}
	}
	r.extra = true
	return -1, true
}

func (r *planReader) skip() bool {
	end, err := skipValue(r.p, r.i, r.depth)
	if err != nil {
		return false
	}
	r.i = end
	return true
}
