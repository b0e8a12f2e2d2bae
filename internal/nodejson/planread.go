package nodejson

import (
	"reflect"
	"strings"
	"unicode/utf8"
)

// planReader reads a text by plans, into values that are zero: what is there before may count in ways that only the
// library knows. Its methods read what begins at i and move behind it, or report false when they have given up.
type planReader struct {
	p     []byte
	i     int
	depth int // arrays, objects and pointers around i

	recent [recentStrings]string // see share
}

// readPlanned reads p into v. When it has given up v is zero.
func readPlanned(p []byte, v reflect.Value, t *plan) bool {
	r := planReader{p: p, i: skipBlanks(p, 0)}
	if r.value(v, t) && checkEnd(p, r.i) == nil {
		return true
	}
	v.SetZero()
	return false
}

func (r *planReader) value(v reflect.Value, t *plan) bool {
	if r.i == len(r.p) {
		return false
	}
	if r.p[r.i] == 'n' && t.kind != asRaw {
		return r.null(v, t)
	}
	switch t.kind {
	case asBool:
		return r.boolean(v)
	case asInt:
		return r.int(v)
	case asUint:
		return r.uint(v)
	case asFloat32:
		return r.float32(v)
	case asFloat64:
		return r.float64(v)
	case asString:
		return r.text(v)
	case asBytes:
		return r.bytes(v)
	case asTime:
		return r.time(v)
	case asNumber:
		return r.number(v)
	case asRaw:
		return r.raw(v)
	case asAny:
		return r.any(v)
	}
	if r.depth >= maxDepth {
		return false
	}
	r.depth++
	ok := r.inside(v, t)
	r.depth--
	return ok
}

// inside is value of what has values inside.
func (r *planReader) inside(v reflect.Value, t *plan) bool {
	switch t.kind {
	case asPointer:
		return v.IsNil() && r.pointer(v, t)
	case asSlice:
		return r.p[r.i] == '[' && v.IsNil() && r.list(v, t)
	case asArray:
		return r.p[r.i] == '[' && v.IsZero() && r.array(v, t)
	case asMap:
		return r.p[r.i] == '{' && v.IsNil() && r.table(v, t)
	case asObject:
		return r.p[r.i] == '{' && v.IsNil() && r.object(v)
	}
	return r.p[r.i] == '{' && r.record(v, t)
}

// null does nothing to what cannot be nil, as encoding/json has it.
func (r *planReader) null(v reflect.Value, t *plan) bool {
	end, err := skipWord(r.p, r.i, "null")
	if err != nil {
		return false
	}
	r.i = end
	if t.kind.nullable() {
		v.SetZero() // It may have been set before, if the same member comes twice.
	}
	return true
}

// pointer reads what v then points to.
func (r *planReader) pointer(v reflect.Value, t *plan) bool {
	to := reflect.New(t.elem.typ)
	v.Set(to.Convert(t.typ))
	return r.value(to.Elem(), t.elem)
}

// list reads an array.
func (r *planReader) list(v reflect.Value, t *plan) bool {
	if r.i = skipBlanks(r.p, r.i+1); r.i < len(r.p) && r.p[r.i] == ']' {
		r.i++
		v.Set(reflect.MakeSlice(t.typ, 0, 0))
		return true
	}
	start := r.i
	for n := 0; ; n++ {
		if n == v.Len() {
			v.Grow(t.room(n, r.i-start, len(r.p)-r.i)) // The new memory is zero.
			v.SetLen(v.Cap())
		}
		if !r.value(v.Index(n), t.elem) {
			return false
		}
		if more, ok := r.separator(']'); !more {
			v.SetLen(n + 1)
			return ok
		}
	}
}

// separator moves behind the comma or bracket that follows an element, and the blanks behind a comma, behind which more
// comes.
func (r *planReader) separator(closing byte) (more, ok bool) {
	if plainComma(r.p, r.i) {
		r.i++
		return true, true
	}
	more, next, err := separator(r.p, r.i, closing)
	r.i = next
	return more, err == nil
}

const (
	// firstElements is for how many elements the first memory of a slice is, if they are not large: it mostly has more than one.
	firstElements = 4
	smallElement  = 64 // bytes

	// mostGrowth is by how much a slice may become longer at once, so that a text that ends otherwise than it began takes no
	// more memory than that times what it has elements.
	mostGrowth = 16
)

// room returns for how many more elements there should be memory in a slice of n that is full. Those had done bytes of
// text; if the others have as many each, the left bytes are for so many. More than asked for comes from the runtime, as
// append has it.
func (t *plan) room(n, done, left int) int {
	switch {
	case n > 0:
		return max(1, min(mostGrowth*n, left*n/done+1))
	case t.elem.typ.Size() <= smallElement:
		return firstElements
	}
	return 1
}

// array reads as many elements as v has. It is zero, and so those that do not come are.
func (r *planReader) array(v reflect.Value, t *plan) bool {
	if r.i = skipBlanks(r.p, r.i+1); r.i < len(r.p) && r.p[r.i] == ']' {
		r.i++
		return true
	}
	for n := 0; ; n++ {
		if n < v.Len() && !r.value(v.Index(n), t.elem) || n >= v.Len() && !r.skip() {
			return false
		}
		if more, ok := r.separator(']'); !more {
			return ok
		}
	}
}

// object reads an object as Value does.
func (r *planReader) object(v reflect.Value) bool {
	m, end, err := parseObject(r.p, r.i, r.depth-1, nil)
	if err != nil {
		return false
	}
	v.Set(reflect.ValueOf(m))
	r.i = end
	return true
}

// member moves to the value of the member that begins at i and returns the key, with its quotes.
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
	for n := 1; ; n++ {
		key, ok := r.member()
		if !ok {
			return false
		}
		elem.SetZero()
		if !r.value(elem, t.elem) {
			return false
		}
		m.SetMapIndex(reflect.ValueOf(keyText(key)).Convert(t.typ.Key()), elem)
		if m.Len() != n {
			return false // The key was there.
		}
		if more, ok := r.separator('}'); !more {
			return ok
		}
	}
}

// record reads an object into a struct.
func (r *planReader) record(v reflect.Value, t *plan) bool {
	if r.i = skipBlanks(r.p, r.i+1); r.i < len(r.p) && r.p[r.i] == '}' {
		r.i++
		return true
	}
	for at := 0; ; at++ {
		ok := true
		// Members mostly come in the order of the fields, and without blanks.
		if at < len(t.fields) && r.comes(t.fields[at].intro) {
			r.i = skipBlanks(r.p, r.i+len(t.fields[at].intro))
		} else if at, ok = r.field(t); !ok {
			return false
		}
		if at >= 0 {
			f := &t.fields[at]
			field := v
			if f.direct >= 0 {
				field = v.Field(f.direct)
			} else {
				field, ok = f.Make(v)
			}
			ok = ok && r.value(field, f.plan)
		} else {
			ok = r.skip()
		}
		if !ok {
			return false
		}
		if more, ok := r.separator('}'); !more {
			return ok
		}
	}
}

// comes reports whether text stands at i.
func (r *planReader) comes(text string) bool {
	return len(r.p)-r.i >= len(text) && string(r.p[r.i:r.i+len(text)]) == text
}

// field moves to the value of the next member and returns the number of its field, -1 if there is none. It reports false
// also when that is not certain: keys match in any case, and may have escapes in them.
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
