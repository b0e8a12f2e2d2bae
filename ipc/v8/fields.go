package v8

import (
	"reflect"
	"slices"
	"strings"
	"sync"
)

// description is what was found out about a Go type.
type description struct {
	class  class
	fields []field // of a struct, in the order in which they are written
}

// descriptions has a *description for each reflect.Type that was met. It only saves time: what it says of a type is
// always the same.
var descriptions sync.Map

func describe(t reflect.Type) *description {
	if d, ok := descriptions.Load(t); ok {
		return d.(*description)
	}
	d := &description{class: classOf(t)}
	if t.Kind() == reflect.Struct && d.class == byKind {
		d.fields = fieldsOf(t)
	}
	descriptions.Store(t, d)
	return d
}

// field is a property that a struct has.
type field struct {
	name      string
	tagged    bool  // The name comes from the tag.
	index     []int // path to the field through embedded structs
	omitEmpty bool
	omitZero  bool
}

// in returns the field of v, and false if it is in an embedded struct that is not there.
func (f *field) in(v reflect.Value) (reflect.Value, bool) {
	for i, x := range f.index {
		if i > 0 && v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return v, false
			}
			v = v.Elem()
		}
		v = v.Field(x)
	}
	return v, true
}

// omitted reports whether a field with that value is left out.
func (f *field) omitted(v reflect.Value) bool {
	return f.omitEmpty && isEmpty(v) || f.omitZero && isZero(v)
}

// isEmpty is what omitempty asks for in package encoding/json.
func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}

// isZero is what omitzero asks for in package encoding/json.
func isZero(v reflect.Value) bool {
	if z, ok := v.Interface().(interface{ IsZero() bool }); ok && !isNil(v) {
		return z.IsZero()
	}
	return v.IsZero()
}

// fieldsOf returns the fields of a struct by the rules of Go and of package encoding/json: of fields with the same name
// the one that is embedded least deep counts, of several there the one with a tag, and otherwise none.
func fieldsOf(t reflect.Type) []field {
	type level struct {
		typ   reflect.Type
		index []int
	}
	var fields []field
	taken := map[string]bool{}
	visited := map[reflect.Type]bool{}
	for current := []level{{typ: t}}; len(current) > 0; {
		var next []level
		var found []field
		for _, l := range current {
			if visited[l.typ] {
				continue
			}
			for i := range l.typ.NumField() {
				f := l.typ.Field(i)
				index := append(slices.Clone(l.index), i)
				if inner, ok := embedded(f); ok {
					next = append(next, level{inner, index})
				} else if field, ok := propertyOf(f, index); ok {
					found = append(found, field)
				}
			}
		}
		for _, l := range current {
			visited[l.typ] = true
		}
		fields = append(fields, dominant(found, taken)...)
		for _, f := range found {
			taken[f.name] = true
		}
		current = next
	}
	slices.SortFunc(fields, func(a, b field) int {
		if c := compareIndices(a.name, b.name); c != 0 {
			return c
		}
		return slices.Compare(a.index, b.index)
	})
	return fields
}

// dominant returns those of the fields of one level that count.
func dominant(found []field, taken map[string]bool) []field {
	var fields []field
	for i, f := range found {
		counts := !taken[f.name]
		for j, other := range found {
			if i != j && other.name == f.name && (!f.tagged || other.tagged) {
				counts = false
			}
		}
		if counts {
			fields = append(fields, f)
		}
	}
	return fields
}

// embedded returns the struct whose fields count as fields of the struct that f is in.
func embedded(f reflect.StructField) (reflect.Type, bool) {
	t := f.Type
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return t, f.Anonymous && name == "" && t.Kind() == reflect.Struct && classOf(t) == byKind
}

// propertyOf returns the property that f is, if it is one.
func propertyOf(f reflect.StructField, index []int) (field, bool) {
	tag := f.Tag.Get("json")
	if !f.IsExported() || tag == "-" {
		return field{}, false
	}
	name, options, _ := strings.Cut(tag, ",")
	p := field{name: f.Name, index: index}
	if name != "" {
		p.name, p.tagged = name, true
	}
	for option := range strings.SplitSeq(options, ",") {
		p.omitEmpty = p.omitEmpty || option == "omitempty"
		p.omitZero = p.omitZero || option == "omitzero"
	}
	return p, true
}

// field returns the field with that name, or with one that differs in case, or nil.
func (d *description) field(name string) *field {
	for i := range d.fields {
		if d.fields[i].name == name {
			return &d.fields[i]
		}
	}
	for i := range d.fields {
		if strings.EqualFold(d.fields[i].name, name) {
			return &d.fields[i]
		}
	}
	return nil
}

// settable returns the field of v, and makes the embedded structs on the way.
func (f *field) settable(v reflect.Value) (reflect.Value, error) {
	for i, x := range f.index {
		if i > 0 && v.Kind() == reflect.Pointer {
			if v.IsNil() {
				if !v.CanSet() {
					const reason = "the embedded pointer is nil and not exported"
					return v, &DecodeError{Value: "a value", Type: v.Type(), Reason: reason}
				}
				v.Set(reflect.New(v.Type().Elem()))
			}
			v = v.Elem()
		}
		v = v.Field(x)
	}
	return v, nil
}
