package nodejson

import (
	"errors"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/brood-go/brood/internal/wtf8"
)

// Why a plan is given up when a value is written.
var (
	// errDeep says that the value is nested too deep, or seems so, for some pointers count.
	errDeep = errors.New("nested too deep for a plan")

	// errUnusual says that there is something in it that the library will refuse.
	errUnusual = errors.New("no value for a plan")
)

// planned appends v by its plan. After an error what was appended is of no use.
func (a *appender) planned(dst []byte, v reflect.Value, t *plan) (_ []byte, err error) {
	switch t.kind { // The most frequent kinds come first.
	case asBool:
		return strconv.AppendBool(dst, v.Bool()), nil
	case asInt:
		return strconv.AppendInt(dst, v.Int(), 10), nil
	case asUint:
		return strconv.AppendUint(dst, v.Uint(), 10), nil
	case asFloat32:
		return appendFloat32(dst, float32(v.Float())), nil
	case asFloat64:
		return appendFloat(dst, v.Float()), nil
	case asString:
		return wtf8.AppendQuoted(dst, v.String()), nil
	case asBytes:
		return appendBase64(dst, v.Bytes()), nil
	case asTime:
		return appendTime(dst, v)
	case asNumber:
		return appendNumber(dst, v.String())
	}
	if t.kind.nullable() && v.IsNil() {
		return append(dst, "null"...), nil
	}
	switch t.kind {
	case asRaw:
		return appendRaw(dst, v.Bytes(), a.depth)
	case asAny:
		return a.value(dst, v.Interface())
	case asObject:
		boxed := v.Interface()
		return a.object(dst, boxed, boxed.(map[string]any))
	}
	return a.plannedInside(dst, v, t)
}

// plannedInside is planned of what has values inside.
func (a *appender) plannedInside(dst []byte, v reflect.Value, t *plan) (_ []byte, err error) {
	a.depth += t.level
	if a.depth > watchCyclesFrom {
		if err := a.watch(v, t); err != nil {
			return dst, err
		}
	}
	switch t.kind {
	case asStruct:
		dst, err = a.plannedRecord(dst, v, t)
	case asPointer:
		dst, err = a.planned(dst, v.Elem(), t.elem)
	case asSlice, asArray:
		dst, err = a.plannedList(dst, v, t)
	case asMap:
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
	case asPointer:
		return container{v.Pointer(), 0, t.typ}, true
	case asSlice, asMap:
		n := v.Len()
		return container{v.Pointer(), n, t.typ}, n > 0
	}
	return c, false
}

// appendTime writes a time as RFC 3339 has it, which knows years of four digits only.
func appendTime(dst []byte, v reflect.Value) ([]byte, error) {
	at, _ := reflect.TypeAssert[time.Time](v)
	dst, err := at.AppendText(append(dst, '"'))
	if err != nil {
		return dst, errUnusual
	}
	return append(dst, '"'), nil
}

func (a *appender) plannedRecord(dst []byte, v reflect.Value, t *plan) (_ []byte, err error) {
	dst = append(dst, '{')
	first := true
	for i := range t.fields {
		f := &t.fields[i]
		field, there := v, true
		if f.direct >= 0 {
			field = v.Field(f.direct)
		} else {
			field, there = f.In(v)
		}
		if !there || f.omits && f.Omits(field) {
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
		dst = append(wtf8.AppendQuoted(dst, key.String()), ':')
		if dst, err = a.planned(dst, v.MapIndex(key), t.elem); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}
