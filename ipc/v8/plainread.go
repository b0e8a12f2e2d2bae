package v8

import (
	"math"
	"reflect"
	"time"
)

// DecodePlain is [Decode] for a zero variable of a plain type, in a small part of the time. It has
// no rules for unusual values and calls no methods of the type. If it reports false, the variable
// is zero and p may still be valid: the type is not plain, or p has a reference, a property without
// a field, or something else for which Decode has rules.
//
// Preconditions:
//
//   - dst is a non-nil pointer to a zero value.
//
// Safe to call from any goroutine.
func DecodePlain(p []byte, dst any) bool {
	v := reflect.ValueOf(dst).Elem()
	t := plainOf(v.Type())
	if t == nil {
		return false
	}
	r := plainReader{valueReader{p: p, limit: MaxWriteDepth}}
	if r.header() == nil && r.into(v, t) {
		return true
	}
	v.SetZero()
	return false
}

// plainReader reads a payload into zero variables. Its methods report false when they have given
// up. It does not record objects, so a reference is an error to it, which only Value can resolve.
type plainReader struct{ valueReader }

// into reads the next value into v, which is zero.
func (r *plainReader) into(v reflect.Value, t *plain) bool {
	if r.depth >= r.limit {
		return false
	}
	if t.kind == plainAny {
		return r.any(v)
	}
	tag, err := r.tag()
	if err != nil {
		return false
	}
	if tag == tagNull || tag == tagUndefined {
		return true
	}
	if t.kind == plainPointer {
		return r.pointer(v, t)
	}
	switch tag {
	case tagTrue, tagFalse:
		if t.kind == plainBool {
			v.SetBool(tag == tagTrue)
			return true
		}
	case tagInt32, tagUint32:
		return r.integer(tag, v, t)
	case tagDouble:
		return r.number(v, t)
	case tagLatin1, tagUTF16, tagUTF8:
		if t.kind == plainString {
			s, err := r.text(tag)
			v.SetString(s)
			return err == nil
		}
	default:
		r.depth++
		ok := r.inside(tag, v, t)
		r.depth--
		return ok
	}
	return false
}

// inside is into for a value that may have others inside. Its tag was read.
func (r *plainReader) inside(tag byte, v reflect.Value, t *plain) bool {
	switch {
	case t.kind == plainStruct && tag == tagObject:
		return r.record(v, t)
	case t.kind == plainSlice && tag == tagDense:
		return r.list(v, t)
	case t.kind == plainMap && tag == tagObject:
		return r.table(v, t)
	case t.kind == plainTime && tag == tagDate:
		date, err := r.date()
		at, ok := date.(time.Time)
		if ok && err == nil {
			v.Set(reflect.ValueOf(at))
		}
		return ok && err == nil
	case t.kind == plainBytes && tag == tagHost:
		view, err := r.host()
		p, ok := view.([]byte)
		if ok && err == nil {
			v.SetBytes(p)
		}
		return ok && err == nil
	}
	return false
}

// any reads the next value as Value does.
func (r *plainReader) any(v reflect.Value) bool {
	x, err := r.value()
	if err != nil {
		return false
	}
	if x != nil {
		v.Set(reflect.ValueOf(x))
	}
	return true
}

// pointer reads the next value, whose tag was read, into a new variable to which it points v.
func (r *plainReader) pointer(v reflect.Value, t *plain) bool {
	r.pos--
	r.depth++
	to := reflect.New(t.elem.typ)
	v.Set(to.Convert(t.typ))
	ok := r.into(to.Elem(), t.elem)
	r.depth--
	return ok
}

// integer reads the rest of an int32 or uint32 into a numeric type.
func (r *plainReader) integer(tag byte, v reflect.Value, t *plain) bool {
	u, err := r.varint()
	if err != nil {
		return false
	}
	n := int64(u)
	if tag == tagInt32 {
		n = int64(zigzag(u))
	}
	return setInteger(v, t, n)
}

// number reads a double into a float, or into an integer type if it is a whole number.
func (r *plainReader) number(v reflect.Value, t *plain) bool {
	f, err := r.double()
	switch {
	case err != nil:
		return false
	case t.kind == plainFloat:
		if v.OverflowFloat(f) { // It is false for an infinity.
			return false
		}
		v.SetFloat(f)
		return true
	case f != math.Trunc(f) || math.Abs(f) > maxInteger:
		return false
	}
	return setInteger(v, t, int64(f))
}

// setInteger stores n in v if it fits.
func setInteger(v reflect.Value, t *plain, n int64) bool {
	switch {
	case t.kind == plainInt && !v.OverflowInt(n):
		v.SetInt(n)
	case t.kind == plainUint && n >= 0 && !v.OverflowUint(uint64(n)):
		v.SetUint(uint64(n))
	case t.kind == plainFloat:
		v.SetFloat(float64(n))
	default:
		return false
	}
	return true
}

// firstPlain is the most elements for which a slice gets memory at once, because announced elements
// need not come.
const firstPlain = 64

// list reads an array without holes and other properties into a slice.
func (r *plainReader) list(v reflect.Value, t *plain) bool {
	length, err := r.varint()
	if err != nil || int64(length) > int64(r.left()) {
		return false
	}
	v.Set(reflect.MakeSlice(t.typ, 0, int(min(length, firstPlain))))
	for n := range int(length) {
		if n == v.Cap() {
			v.Grow(min(n, int(length)-n))
		}
		v.SetLen(n + 1)
		if !r.into(v.Index(n), t.elem) {
			return false
		}
	}
	if r.peek() != tagEndDense {
		return false
	}
	r.pos++
	others, err := r.varint()
	if err != nil || others != 0 {
		return false
	}
	again, err := r.varint()
	return err == nil && again == length
}

// table reads an object into a map.
func (r *plainReader) table(v reflect.Value, t *plain) bool {
	m := reflect.MakeMap(t.typ)
	v.Set(m)
	elem := reflect.New(t.elem.typ).Elem()
	n := 0
	for ; r.peek() != tagEndObject; n++ {
		name, err := r.name()
		if err != nil {
			return false
		}
		elem.SetZero()
		if !r.into(elem, t.elem) {
			return false
		}
		m.SetMapIndex(reflect.ValueOf(name).Convert(t.typ.Key()), elem)
		if m.Len() != n+1 {
			return false // The name came twice.
		}
	}
	r.pos++
	return r.count(n, "properties") == nil
}

// record reads an object into a struct.
func (r *plainReader) record(v reflect.Value, t *plain) bool {
	came, n := uint64(0), 0
	for at := 0; r.peek() != tagEndObject; at++ {
		// Properties mostly come in the order of the fields.
		if at < len(t.fields) && r.comes(t.fields[at].intro) {
			r.pos += len(t.fields[at].intro)
		} else {
			name, err := r.name()
			if err != nil {
				return false
			}
			known := false
			if at, known = t.byName[name]; !known {
				return false
			}
		}
		if came&(1<<at) != 0 {
			return false
		}
		came |= 1 << at
		n++
		f := &t.fields[at]
		field, ok := v, true
		if f.direct >= 0 {
			field = v.Field(f.direct)
		} else {
			field, ok = f.Make(v)
		}
		if !ok || !r.into(field, f.plain) {
			return false
		}
	}
	r.pos++
	return r.count(n, "properties") == nil
}

// comes reports whether text is next.
func (r *plainReader) comes(text string) bool {
	return r.left() >= len(text) && string(r.p[r.pos:r.pos+len(text)]) == text
}
