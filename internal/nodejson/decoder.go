package nodejson

import "reflect"

// A Decoder reads messages that mostly are of one type, without the library. The zero value is
// ready. Its methods must not be called on several goroutines at once.
type Decoder struct {
	last     *plan // the one that was used last; nil before
	knows    bool  // what it reads has no cmd if all members are known
	ordinary bool
}

// DecodePlain is [Decode] into a variable that is zero, without the library and without calling
// methods of its type. When it reports false nothing is known of p, and the variable is zero: there
// is no plan for the type, or p is not what that is for. v must be a pointer, not nil, to a zero
// value.
func (d *Decoder) DecodePlain(p []byte, v any) bool {
	d.ordinary = false
	to := reflect.ValueOf(v).Elem()
	if t := to.Type(); d.last == nil || d.last.typ != t {
		known := planOf(t)
		if known == nil {
			return false
		}
		d.last, d.knows = known, known.knowsCommands()
	}
	strange, ok := readPlanned(p, to, d.last)
	d.ordinary = ok && !strange && d.knows
	return ok
}

// Ordinary reports whether it is certain that [Cmd] of what was read last is "": reading it has
// shown that there is no cmd.
func (d *Decoder) Ordinary() bool { return d.ordinary }

// knowsCommands reports whether what is read by the plan has no cmd if all its members are known.
// Of pointers to pointers it is not asked: they may go round in a circle.
func (t *plan) knowsCommands() bool {
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
