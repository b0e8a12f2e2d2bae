package nodejson

import (
	"errors"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// errDeep is why a plan is given up: v is nested too deep, or seems so, for some pointers count.
var errDeep = errors.New("nested too deep for a plan")

// planned appends v by its plan. After an error what was appended is of no use.
func (a *appender) planned(dst []byte, v reflect.Value, t *plan) (_ []byte, err error) {
	switch t.kind {
	case reflect.Bool:
		return strconv.AppendBool(dst, v.Bool()), nil
	case reflect.Int:
		return strconv.AppendInt(dst, v.Int(), 10), nil
	case reflect.Uint:
		return strconv.AppendUint(dst, v.Uint(), 10), nil
	case reflect.Float64:
		return appendFloat(dst, v.Float()), nil
	case reflect.String:
		return appendQuoted(dst, v.String()), nil
	}
	if t.kind != reflect.Struct && v.IsNil() {
		return append(dst, "null"...), nil
	}
	if t.kind == reflect.Interface {
		return a.value(dst, v.Interface())
	}
	a.depth += t.level
	if a.depth > watchCyclesFrom {
		if err := a.watch(v, t); err != nil {
			return dst, err
		}
	}
	switch t.kind {
	case reflect.Struct:
		dst, err = a.plannedRecord(dst, v, t)
	case reflect.Pointer:
		dst, err = a.planned(dst, v.Elem(), t.elem)
	case reflect.Slice:
		dst, err = a.plannedList(dst, v, t)
	case reflect.Map:
		dst, err = a.plannedMap(dst, v, t)
	}
	if a.depth > watchCyclesFrom {
		a.unwatch(v, t)
	}
	a.depth -= t.level
	return dst, err
}

// watch and unwatch go around what v contains, as enter and leave do.
func (a *appender) watch(v reflect.Value, t *plan) error {
	if a.depth > maxDepth {
		return errDeep
	}
	if c, ok := containerOf(v, t); ok {
		return a.remember(c)
	}
	return nil
}

func (a *appender) unwatch(v reflect.Value, t *plan) {
	if c, ok := containerOf(v, t); ok {
		delete(a.seen, c)
	}
}

// containerOf reports false for what contains itself through others only.
func containerOf(v reflect.Value, t *plan) (c container, ok bool) {
	switch t.kind {
	case reflect.Pointer:
		return container{v.Pointer(), 0, t.typ}, true
	case reflect.Slice, reflect.Map:
		n := v.Len()
		return container{v.Pointer(), n, t.typ}, n > 0
	}
	return c, false
}

func (a *appender) plannedRecord(dst []byte, v reflect.Value, t *plan) (_ []byte, err error) {
	dst = append(dst, '{')
	first := true
	for i := range t.fields {
		f := &t.fields[i]
		field := v.Field(f.index)
		if f.omitEmpty && isEmpty(field, f.plan) {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(dst, f.intro...)
		if dst, err = a.planned(dst, field, f.plan); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

// isEmpty is what omitempty is about.
func isEmpty(v reflect.Value, t *plan) bool {
	switch t.kind {
	case reflect.String, reflect.Slice, reflect.Map:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}

func (a *appender) plannedList(dst []byte, v reflect.Value, t *plan) (_ []byte, err error) {
	dst = append(dst, '[')
	for i := range v.Len() {
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, err = a.planned(dst, v.Index(i), t.elem); err != nil {
			return dst, err
		}
	}
	return append(dst, ']'), nil
}

func (a *appender) plannedMap(dst []byte, v reflect.Value, t *plan) (_ []byte, err error) {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	dst = append(dst, '{')
	for i, key := range keys {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendQuoted(dst, key.String()), ':')
		if dst, err = a.planned(dst, v.MapIndex(key), t.elem); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}
