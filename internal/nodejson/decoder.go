package nodejson

import "reflect"

// A Decoder reads messages that mostly are of one type, without the library. The zero value is
// ready. Its methods must not be called on several goroutines at once.
type Decoder struct {
	last     *plan // plan that was used last; nil: none yet
	hasNoCmd bool  // last.neverHasCmd; valid once last is set
	ordinary bool  // result of Ordinary
}

// Plain is [Decode] into a variable that is zero, without the library and without calling methods
// of its type. It reports false, and leaves the variable zero, if there is no plan for the type or
// the plan does not fit p; p may be valid all the same.
//
// Preconditions:
//
//   - v is a pointer, not nil, to a zero value.
func (d *Decoder) Plain(p []byte, v any) bool {
	d.ordinary = false
	to := reflect.ValueOf(v).Elem()
	if t := to.Type(); d.last == nil || d.last.typ != t {
		known := planOf(t)
		if known == nil {
			return false
		}
		d.last, d.hasNoCmd = known, known.neverHasCmd()
	}
	strange, ok := decodePlanned(p, to, d.last)
	d.ordinary = ok && !strange && d.hasNoCmd
	return ok
}

// Ordinary reports whether the message that Plain read last certainly has no cmd: [Cmd] would
// return "".
func (d *Decoder) Ordinary() bool { return d.ordinary }

// neverHasCmd reports whether a message that the plan reads has no cmd if it has no unknown
// members. It gives up on pointers to pointers, which may form a circle.
func (t *plan) neverHasCmd() bool {
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
