package v8

import (
	"cmp"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// This file writes slices, arrays, maps and structs of any Go type, as arrays, Buffers and objects.

func isByte(t reflect.Type) bool { return t.Kind() == reflect.Uint8 }

// elements writes a slice or array whose identity is at.
func (w *writer) elements(v reflect.Value, at identity) error {
	if done, err := w.ref(at); done {
		return err
	}
	w.tag(tagDense)
	w.varint(v.Len())
	for i := range v.Len() {
		if err := w.nested(v.Index(i), identity{}); err != nil {
			return err
		}
	}
	w.endDense(v.Len())
	return nil
}

// buffer writes a slice or array of bytes whose identity is at.
func (w *writer) buffer(v reflect.Value, at identity) error {
	if done, err := w.ref(at); done {
		return err
	}
	if v.Kind() == reflect.Array && !v.CanAddr() {
		p := reflect.New(v.Type()).Elem()
		p.Set(v)
		v = p
	}
	w.p = append(w.p, tagHost, hostView, viewBuffer)
	w.varint(v.Len())
	w.p = append(w.p, v.Bytes()...)
	return nil
}

// key writes the name of a property, index or not.
func (w *writer) key(name string) error {
	if i, ok := arrayIndex(name); ok {
		w.index(i)
		return nil
	}
	return w.name(name)
}

// compareIndices orders names as an object does, as far as array indices decide: indices first,
// ascending. Other names are equal.
func compareIndices(a, b string) int {
	i, indexA := arrayIndex(a)
	j, indexB := arrayIndex(b)
	switch {
	case indexA && indexB:
		return cmp.Compare(i, j)
	case indexA:
		return -1
	case indexB:
		return 1
	}
	return 0
}

// compareNames orders names as an object does if they were added in alphabetic order.
func compareNames(a, b string) int {
	if c := compareIndices(a, b); c != 0 {
		return c
	}
	return strings.Compare(a, b)
}

// stringMap writes a map[string]any as an object.
func (w *writer) stringMap(m map[string]any) error {
	if m == nil {
		w.tag(tagNull)
		return nil
	}
	if done, err := w.ref(identify(reflect.ValueOf(m))); done {
		return err
	}
	outer := len(w.keys)
	for name := range m {
		w.keys = append(w.keys, name)
	}
	names := w.keys[outer:]
	slices.SortFunc(names, compareNames)
	w.tag(tagObject)
	for _, name := range names {
		if err := w.key(name); err != nil {
			return err
		}
		if err := w.value(m[name]); err != nil {
			return err
		}
	}
	w.tag(tagEndObject)
	w.varint(len(names))
	w.keys = w.keys[:outer]
	return nil
}

// mapping writes a map with string or integer keys as an object.
func (w *writer) mapping(v reflect.Value) error {
	type entry struct {
		name  string
		value reflect.Value
	}
	var name func(key reflect.Value) string
	switch key := v.Type().Key(); {
	case key.Kind() == reflect.String:
		name = reflect.Value.String
	case reflect.Zero(key).CanInt():
		name = func(key reflect.Value) string { return strconv.FormatInt(key.Int(), 10) }
	case reflect.Zero(key).CanUint():
		name = func(key reflect.Value) string { return strconv.FormatUint(key.Uint(), 10) }
	default:
		return &UnsupportedTypeError{Type: v.Type()}
	}
	if done, err := w.ref(identify(v)); done {
		return err
	}
	entries := make([]entry, 0, v.Len())
	for i := v.MapRange(); i.Next(); {
		entries = append(entries, entry{name(i.Key()), i.Value()})
	}
	slices.SortFunc(entries, func(a, b entry) int { return compareNames(a.name, b.name) })
	w.tag(tagObject)
	for _, e := range entries {
		if err := w.key(e.name); err != nil {
			return err
		}
		if err := w.nested(e.value, identity{}); err != nil {
			return err
		}
	}
	w.tag(tagEndObject)
	w.varint(len(entries))
	return nil
}

// structure writes a struct, whose identity is at, as an object.
func (w *writer) structure(v reflect.Value, at identity) error {
	if done, err := w.ref(at); done {
		return err
	}
	w.tag(tagObject)
	n := 0
	d := w.last.describe(v.Type())
	for i := range d.fields {
		f, way := &d.fields[i], &d.ways[i]
		value, ok := v, true
		if way.direct >= 0 {
			value = v.Field(way.direct)
		} else {
			value, ok = f.In(v)
		}
		if !ok || way.omits && f.Omits(value) {
			continue
		}
		if way.intro != "" {
			w.p = append(w.p, way.intro...)
		} else if err := w.key(f.Name); err != nil {
			return err
		}
		var err error
		if way.bare {
			err = w.bare(value)
		} else {
			err = w.nested(value, identity{})
		}
		if err != nil {
			return err
		}
		n++
	}
	w.tag(tagEndObject)
	w.varint(n)
	return nil
}

// bare writes a value of a field whose way is bare.
func (w *writer) bare(v reflect.Value) error {
	if w.depth > w.limit {
		return ErrTooDeep
	}
	switch v.Kind() {
	case reflect.Bool:
		w.bool(v.Bool())
	case reflect.String:
		return w.text(v.String())
	case reflect.Float32, reflect.Float64:
		w.double(v.Float())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return w.uint(v.Uint())
	default:
		return w.int(v.Int())
	}
	return nil
}
