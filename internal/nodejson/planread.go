package nodejson

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"
)

// planReader reads a text by plans, into values that are zero: what is there before may count in ways that only the
// library knows. Its methods read what begins at i and move behind it, or report false when they have given up.
type planReader struct {
	p     []byte
	i     int
	depth int // arrays, objects and pointers around i
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
	if r.p[r.i] == 'n' {
		return r.null(v, t)
	}
	switch t.kind {
	case reflect.Bool:
		return r.boolean(v)
	case reflect.Int:
		negative, n, ok := r.integer()
		x := int64(n)
		if negative {
			x = -x
		}
		if !ok || v.OverflowInt(x) {
			return false
		}
		v.SetInt(x)
		return true
	case reflect.Uint:
		negative, n, ok := r.integer()
		if !ok || negative || v.OverflowUint(n) {
			return false
		}
		v.SetUint(n)
		return true
	case reflect.Float64:
		return r.float(v)
	case reflect.String:
		return r.text(v)
	case reflect.Interface:
		x, end, err := parseValue(r.p, r.i, r.depth, nil)
		if err != nil {
			return false
		}
		v.Set(reflect.ValueOf(x)) // It is not null.
		r.i = end
		return true
	}
	if r.depth >= maxDepth {
		return false
	}
	r.depth++
	ok := false
	switch t.kind {
	case reflect.Pointer:
		ok = v.IsNil() && r.pointer(v, t)
	case reflect.Slice:
		ok = r.p[r.i] == '[' && v.IsNil() && r.list(v, t)
	case reflect.Map:
		ok = r.p[r.i] == '{' && v.IsNil() && r.table(v, t)
	case reflect.Struct:
		ok = r.p[r.i] == '{' && r.record(v, t)
	}
	r.depth--
	return ok
}

// null does nothing to what cannot be nil, as encoding/json has it.
func (r *planReader) null(v reflect.Value, t *plan) bool {
	end, err := skipWord(r.p, r.i, "null")
	if err != nil {
		return false
	}
	r.i = end
	switch t.kind {
	case reflect.Interface, reflect.Pointer, reflect.Slice, reflect.Map:
		v.SetZero() // It may have been set before, if the same member comes twice.
	}
	return true
}

func (r *planReader) boolean(v reflect.Value) bool {
	value := r.p[r.i] == 't'
	word := "false"
	if value {
		word = "true"
	}
	end, err := skipWord(r.p, r.i, word)
	if err != nil {
		return false
	}
	v.SetBool(value)
	r.i = end
	return true
}

// mostDigits is how many decimal digits every int64 holds.
const mostDigits = 18

// integer reads a number that is written as one.
func (r *planReader) integer() (negative bool, n uint64, ok bool) {
	end, err := skipNumber(r.p, r.i)
	if err != nil {
		return false, 0, false
	}
	digits := r.p[r.i:end]
	if negative = digits[0] == '-'; negative {
		digits = digits[1:]
	}
	if len(digits) > mostDigits {
		return false, 0, false
	}
	for _, c := range digits {
		if c < '0' || '9' < c {
			return false, 0, false // It has a fraction or an exponent.
		}
		n = 10*n + uint64(c-'0')
	}
	r.i = end
	return negative, n, true
}

func (r *planReader) float(v reflect.Value) bool {
	end, err := skipNumber(r.p, r.i)
	if err != nil {
		return false
	}
	f := parseFloat(r.p[r.i:end])
	if math.IsInf(f, 0) {
		return false
	}
	v.SetFloat(f)
	r.i = end
	return true
}

func (r *planReader) text(v reflect.Value) bool {
	if r.p[r.i] != '"' {
		return false
	}
	s, end, err := parseString(r.p, r.i)
	if err != nil {
		return false
	}
	v.SetString(s)
	r.i = end
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
	for n := 0; ; n++ {
		if n == v.Cap() {
			v.Grow(1) // It doubles, and the new memory is zero.
		}
		v.SetLen(n + 1)
		if !r.value(v.Index(n), t.elem) {
			return false
		}
		more, next, err := separator(r.p, r.i, ']')
		if err != nil {
			return false
		}
		r.i = next
		if !more {
			return true
		}
	}
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
		if !ok || slices.Contains(key, '\\') {
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
		more, next, err := separator(r.p, r.i, '}')
		if err != nil {
			return false
		}
		r.i = next
		if !more {
			return true
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
			ok = r.value(v.Field(f.index), f.plan)
		} else {
			ok = r.skip()
		}
		if !ok {
			return false
		}
		more, next, err := separator(r.p, r.i, '}')
		if err != nil {
			return false
		}
		r.i = next
		if !more {
			return true
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
		if len(t.fields[i].name) == len(name) && strings.EqualFold(t.fields[i].name, string(name)) {
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
