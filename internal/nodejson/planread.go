package nodejson

import (
	"reflect"
	"strings"
	"unicode/utf8"
)

// planDecoder reads a text by plans, into places that are zero: other values may affect the reading
// in ways that only the library knows. Its methods read the value that begins at i and move past
// it, or report false when they give up.
type planDecoder struct {
	p     []byte
	i     int // offset of the next byte
	depth int // arrays, objects and pointers around i

	strange bool // a member was skipped because its struct has no such field

	recent [recentStrings]string // see share
}

// decodePlanned reads p into v. If it gives up, it leaves v zero. strange says that a struct did
// not have all members.
func decodePlanned(p []byte, v reflect.Value, t *plan) (strange, ok bool) {
	d := planDecoder{p: p, i: skipBlanks(p, 0)}
	if d.value(placeOf(v), t) && checkEnd(p, d.i) == nil {
		return d.strange, true
	}
	v.SetZero()
	return false, false
}

func (d *planDecoder) value(to place, t *plan) bool {
	if d.i >= len(d.p) {
		return false
	}
	if d.p[d.i] == 'n' && t.kind != asRaw {
		return d.null(to, t)
	}
	switch t.kind {
	case asBool:
		return d.boolean(to)
	case asInt:
		return d.int(to, t.size)
	case asUint:
		return d.uint(to, t.size)
	case asFloat32:
		return d.float32(to)
	case asFloat64:
		return d.float64(to)
	case asString:
		return d.text(to)
	case asBytes:
		return d.bytes(to)
	case asTime:
		return d.time(to)
	case asNumber:
		return d.number(to)
	case asRaw:
		return d.raw(to)
	case asAny:
		return d.any(to)
	}
	if d.depth >= maxDepth {
		return false
	}
	d.depth++
	ok := d.inside(to, t)
	d.depth--
	return ok
}

// inside is value for values with other values inside.
func (d *planDecoder) inside(to place, t *plan) bool {
	switch t.kind {
	case asPointer:
		return to.isNil() && d.pointer(to, t)
	case asSlice:
		return d.p[d.i] == '[' && to.isNil() && d.list(to, t)
	case asArray:
		return d.p[d.i] == '[' && to.value(t.typ).IsZero() && d.array(to, t)
	case asMap:
		return d.p[d.i] == '{' && to.isNil() && d.table(to.value(t.typ), t)
	case asObject:
		return d.p[d.i] == '{' && to.isNil() && d.object(to)
	}
	return d.p[d.i] == '{' && d.record(to, t)
}

// null leaves a value that cannot be nil unchanged, as in encoding/json.
func (d *planDecoder) null(to place, t *plan) bool {
	end, err := skipWord(d.p, d.i, "null")
	if err != nil {
		return false
	}
	d.i = end
	if t.kind.nullable() {
		to.value(t.typ).SetZero() // It may have been set before, if the same member comes twice.
	}
	return true
}

// pointer makes a variable and reads its value.
func (d *planDecoder) pointer(to place, t *plan) bool {
	made := targetOf(reflect.New(t.elem.typ))
	to.setTarget(made)
	return d.value(made, t.elem)
}

// list reads an array into a slice.
func (d *planDecoder) list(to place, t *plan) bool {
	v := to.value(t.typ)
	if d.i = skipBlanks(d.p, d.i+1); d.i < len(d.p) && d.p[d.i] == ']' {
		d.i++
		v.Set(reflect.MakeSlice(t.typ, 0, 0))
		return true
	}
	start := d.i
	var elem place
	for n, room := 0, 0; ; n++ {
		if n == room {
			v.Grow(t.room(n, d.i-start, len(d.p)-d.i)) // The new memory is zero.
			room = v.Cap()
			v.SetLen(room)
			elem = targetOf(v).field(uintptr(n) * t.elem.size)
		}
		if !d.value(elem, t.elem) {
			return false
		}
		if more, ok := d.separator(']'); !more {
			v.SetLen(n + 1)
			return ok
		}
		if n+1 < room {
			elem = elem.field(t.elem.size)
		}
	}
}

// separator moves past the comma or bracket after an element, and past the blanks after a comma.
// more says that it was a comma.
func (d *planDecoder) separator(closing byte) (more, ok bool) {
	if plainComma(d.p, d.i) {
		d.i++
		return true, true
	}
	return d.unusualSeparator(closing)
}

// unusualSeparator is separator for a closing bracket, or blanks.
func (d *planDecoder) unusualSeparator(closing byte) (more, ok bool) {
	more, next, err := separator(d.p, d.i, closing)
	d.i = next
	return more, err == nil
}

const (
	// firstElements is for how many elements a slice first gets memory, if they are small, because
	// most slices have more than one.
	firstElements = 4
	smallElement  = 64 // bytes

	// mostGrowth bounds the factor by which a slice grows at once. So a text that ends otherwise
	// than it began takes at most that many times the memory of its elements.
	mostGrowth = 16
)

// room returns for how many more elements a full slice of n should get memory. The n elements took
// done bytes of text; at that rate the remaining left bytes hold so many. The runtime may add more,
// as for append.
func (t *plan) room(n, done, left int) int {
	switch {
	case n > 0:
		return max(1, min(mostGrowth*n, left*n/done+1))
	case t.elem.typ.Size() <= smallElement:
		return firstElements
	}
	return 1
}

// array reads into the elements of an array, which are all zero, and skips further ones. Elements
// that do not come stay zero.
func (d *planDecoder) array(to place, t *plan) bool {
	if d.i = skipBlanks(d.p, d.i+1); d.i < len(d.p) && d.p[d.i] == ']' {
		d.i++
		return true
	}
	for n, size := 0, t.typ.Len(); ; n++ {
		if n < size && !d.value(to.field(uintptr(n)*t.elem.size), t.elem) || n >= size && !d.skip() {
			return false
		}
		if more, ok := d.separator(']'); !more {
			return ok
		}
	}
}

// object reads an object as Value does.
func (d *planDecoder) object(to place) bool {
	m, end, err := readObject(d.p, d.i, d.depth-1, nil)
	if err != nil {
		return false
	}
	*to.object() = m
	d.i = end
	return true
}

// member moves to the value of the member that begins at i and returns the key, with its quotes.
func (d *planDecoder) member() (key []byte, ok bool) {
	end, value, err := skipKey(d.p, d.i)
	if err != nil {
		return nil, false
	}
	key = d.p[d.i:end]
	d.i = value
	return key, true
}

// table reads an object into a map.
func (d *planDecoder) table(v reflect.Value, t *plan) bool {
	m := reflect.MakeMap(t.typ)
	v.Set(m)
	if d.i = skipBlanks(d.p, d.i+1); d.i < len(d.p) && d.p[d.i] == '}' {
		d.i++
		return true
	}
	elem := reflect.New(t.elem.typ).Elem()
	place := placeOf(elem)
	for n := 1; ; n++ {
		key, ok := d.member()
		if !ok {
			return false
		}
		elem.SetZero()
		if !d.value(place, t.elem) {
			return false
		}
		m.SetMapIndex(reflect.ValueOf(keyText(key)).Convert(t.typ.Key()), elem)
		if m.Len() != n {
			return false // The key was there already.
		}
		if more, ok := d.separator('}'); !more {
			return ok
		}
	}
}

// record reads an object into a struct.
func (d *planDecoder) record(to place, t *plan) bool {
	if d.i = skipBlanks(d.p, d.i+1); d.i < len(d.p) && d.p[d.i] == '}' {
		d.i++
		return true
	}
	for at := 0; ; at++ {
		// Members mostly come in the order of the fields, and without blanks.
		if at < len(t.fields) && t.fields[at].name.begins(d.p[d.i:]) {
			d.i = skipBlanks(d.p, d.i+len(t.fields[at].name.text))
		} else {
			var ok bool
			if at, ok = d.field(t); !ok {
				return false
			}
		}
		if !d.fieldValue(to, t, at) {
			return false
		}
		if more, ok := d.separator('}'); !more {
			return ok
		}
	}
}

// fieldValue reads the value of the field number at of a struct, or skips it if at is -1.
func (d *planDecoder) fieldValue(to place, t *plan, at int) bool {
	if at < 0 {
		return d.skip()
	}
	f := &t.fields[at]
	if !f.remote {
		return d.value(to.field(f.offset), f.plan)
	}
	field, ok := f.Make(to.value(t.typ))
	return ok && d.value(placeOf(field), f.plan)
}

// field moves to the value of the next member and returns the number of its field, -1 if there is
// none. It reports false if it cannot be sure: the library matches keys in any case, and keys may
// contain escapes.
func (d *planDecoder) field(t *plan) (at int, ok bool) {
	key, ok := d.member()
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
	d.strange = true
	return -1, true
}

func (d *planDecoder) skip() bool {
	end, err := skipValue(d.p, d.i, d.depth)
	if err != nil {
		return false
	}
	d.i = end
	return true
}
