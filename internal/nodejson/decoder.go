package nodejson

import "reflect"

// A Decoder reads messages by plans, without the library. It remembers the last type, because most
// messages of a channel are of one type. The zero value is ready to use.
//
// A Decoder's methods must not be called on several goroutines at once.
type Decoder struct {
	last     *plan // the plan that was used last; nil before the first
	excludes bool  // a text read by last has no cmd if each member has a field
	ordinary bool  // see Ordinary
}

// DecodePlain is [Decode] for a zero variable, without the library and without calling methods of
// its type. If it reports false, the variable is zero and p may still be valid: the type has no
// plan, or p has something unusual.
//
// Preconditions:
//
//   - v is a non-nil pointer to a zero value.
func (d *Decoder) DecodePlain(p []byte, v any) bool {
	d.ordinary = false
	to := reflect.ValueOf(v).Elem()
	if t := to.Type(); d.last == nil || d.last.typ != t {
		known := planOf(t)
		if known == nil {
			return false
		}
		d.last, d.excludes = known, known.excludesCmd()
	}
	extra, ok := readPlanned(p, to, d.last)
	d.ordinary = ok && !extra && d.excludes
	return ok
}

// Ordinary reports whether the text that was read last certainly has no cmd: then [Cmd] of it is
// "".
func (d *Decoder) Ordinary() bool { return d.ordinary }

// excludesCmd reports whether a text read by the plan has no cmd if each of its members has a
// field.
// For a pointer to a pointer it returns false, because such types may go round in a circle.
func (t *plan) excludesCmd() bool {
	if t.kind == asPointer {
		t = t.elem
	}
	switch t.kind {
	case asRaw, asAny, asObject, asMap, asPointer:
		return false
	case asStruct:
		_, has := t.byName["cmd"]
		return !has
	}
	return true
}
