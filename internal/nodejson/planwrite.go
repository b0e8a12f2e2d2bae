package nodejson

import (
	"errors"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/brood-go/brood/internal/wtf8"
)

// The reasons for which writing by a plan is given up.
var (
	// errDeep says that the value is nested too deep, or may be: some pointers count as levels.
	errDeep = errors.New("nested too deep for a plan")

	// errUnusual says that the value contains something that the library will refuse.
	errUnusual = errors.New("no value for a plan")
)

// planned appends the value at v by its plan. After an error the appended bytes are of no use.
func (a *appender) planned(dst []byte, v place, t *plan) (_ []byte, err error) {
	switch t.kind {
	case asBool:
		return strconv.AppendBool(dst, *v.bool()), nil
	case asInt:
		return strconv.AppendInt(dst, v.int(t.size), 10), nil
	case asUint:
		return strconv.AppendUint(dst, v.uint(t.size), 10), nil
	case asFloat32:
		return appendFloat32(dst, *v.float32()), nil
	case asFloat64:
		return appendFloat(dst, *v.float64()), nil
	case asString:
		return wtf8.AppendQuoted(dst, *v.text()), nil
	case asBytes:
		return appendBase64(dst, *v.bytes()), nil
	case asTime:
		return appendTime(dst, v.time())
	case asNumber:
		return appendNumber(dst, *v.text())
	case asAny:
		return a.value(dst, *v.any())
	case asObject:
		return a.object(dst, *v.object(), *v.object())
	case asStruct, asArray:
		return a.plannedInside(dst, v, t)
	case asPointer:
		if to, ok := v.target(); ok {
			return a.plannedPointer(dst, to, t)
		}
		return append(dst, "null"...), nil
	}
	if v.isNil() {
		return append(dst, "null"...), nil
	}
	if t.kind == asRaw {
		return appendRaw(dst, *v.bytes(), a.depth)
	}
	return a.plannedInside(dst, v, t)
}

// plannedPointer is planned for a pointer, of plan t, to the value at to.
func (a *appender) plannedPointer(dst []byte, to place, t *plan) (_ []byte, err error) {
	a.depth += t.level
	if a.depth <= watchCyclesFrom {
		dst, err = a.planned(dst, to, t.elem)
	} else {
		self := container{to.identity(), 0, t.typ}
		if err = a.watch(self, true); err == nil {
			dst, err = a.planned(dst, to, t.elem)
			delete(a.seen, self)
		}
	}
	a.depth -= t.level
	return dst, err
}

// plannedInside is planned for the other kinds with values inside.
func (a *appender) plannedInside(dst []byte, v place, t *plan) (_ []byte, err error) {
	a.depth += t.level
	watched := a.depth > watchCyclesFrom
	var self container
	if watched {
		var counts bool
		self, counts = containerOf(v, t)
		if err := a.watch(self, counts); err != nil {
			return dst, err
		}
	}
	switch t.kind {
	case asStruct:
		dst, err = a.plannedRecord(dst, v, t)
	case asSlice:
		first, n := v.list()
		dst, err = a.plannedList(dst, first, n, t.elem)
	case asArray:
		dst, err = a.plannedList(dst, v, t.typ.Len(), t.elem)
	case asMap:
		dst, err = a.plannedMap(dst, v.value(t.typ), t)
	}
	if watched {
		delete(a.seen, self)
	}
	a.depth -= t.level
	return dst, err
}

// watch checks the depth, and that c is not inside itself if counts is set. The error is errDeep,
// or ErrCycle in an *Error.
func (a *appender) watch(c container, counts bool) error {
	if a.depth > maxDepth {
		return errDeep
	}
	if counts {
		return a.remember(c)
	}
	return nil
}

// containerOf returns the container of the value at v. counts is false for an empty one, and for
// structs and arrays, which contain themselves only through others.
func containerOf(v place, t *plan) (c container, counts bool) {
	switch t.kind {
	case asSlice:
		first, n := v.list()
		return container{first.identity(), n, t.typ}, n > 0
	case asMap:
		m := v.value(t.typ)
		return container{m.Pointer(), m.Len(), t.typ}, m.Len() > 0
	}
	return c, false
}

// plannedRecord appends a struct as an object.
func (a *appender) plannedRecord(dst []byte, v place, t *plan) (_ []byte, err error) {
	dst = append(dst, '{')
	start := len(dst)
	for i := range t.fields {
		f := &t.fields[i]
		field := v
		if f.remote {
			to, there := f.In(v.value(t.typ))
			if !there {
				continue
			}
			field = placeOf(to)
		} else {
			field = v.field(f.offset)
		}
		if f.omits && f.omitted(field) {
			continue
		}
		if len(dst) == start {
			dst = append(dst, f.name.text...)
		} else {
			dst = append(dst, f.comma...)
		}
		if dst, err = a.planned(dst, field, f.plan); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

// omitted reports whether the field is left out because of its value, at v.
func (f *fieldPlan) omitted(v place) bool {
	if !f.Tag.OmitZero { // Its type may have an IsZero.
		switch f.plan.kind {
		case asString:
			return *v.text() == ""
		case asInt, asUint:
			return v.uint(f.plan.size) == 0
		case asBool:
			return !*v.bool()
		case asSlice, asBytes:
			_, n := v.list()
			return n == 0
		case asPointer:
			return v.isNil()
		}
	}
	return f.Omits(v.value(f.Type))
}

// plannedList appends n values, one behind the other from v on, as an array.
func (a *appender) plannedList(dst []byte, v place, n int, t *plan) (_ []byte, err error) {
	dst = append(dst, '[')
	for i := range n {
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, err = a.planned(dst, v.field(uintptr(i)*t.size), t); err != nil {
			return dst, err
		}
	}
	return append(dst, ']'), nil
}

// plannedMap appends a map as an object, with sorted keys.
func (a *appender) plannedMap(dst []byte, v reflect.Value, t *plan) (_ []byte, err error) {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	elem := reflect.New(t.elem.typ).Elem()
	dst = append(dst, '{')
	for i, key := range keys {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(wtf8.AppendQuoted(dst, key.String()), ':')
		elem.Set(v.MapIndex(key))
		if dst, err = a.planned(dst, placeOf(elem), t.elem); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}
