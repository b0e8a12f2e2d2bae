package structtag

import (
	"reflect"
	"slices"
)

// A Field is a field of a struct, or of a struct embedded in it, that is a member. It is constant
// once made.
type Field struct {
	Name  string // name of the member
	Tag   Tag
	Type  reflect.Type
	Index []int // indices of the embedded structs on the way, then that of the field

	isZero func(reflect.Value) bool // the test of omitzero; nil without that option
}

// Fields returns the members of the struct t, in the order of its fields. Of several fields with
// the same name the least deeply embedded one counts; of several at that depth the one with a name
// in its tag; otherwise none.
//
// It calls embeds for each embedded struct without a name in its tag. inner is the struct, also
// where a pointer to it is embedded. If embeds returns true, the fields of inner count as fields of
// the struct around it; otherwise inner is a field like others.
func Fields(t reflect.Type, embeds func(inner reflect.Type) bool) []Field {
	var fields []Field
	taken := map[string]bool{}
	visited := map[reflect.Type]bool{}
	for current := []level{{typ: t}}; len(current) > 0; {
		var next []level
		var found []Field
		for _, l := range current {
			if !visited[l.typ] {
				found, next = l.members(found, next, embeds)
			}
		}
		for _, l := range current {
			visited[l.typ] = true
		}
		fields = append(fields, dominant(found, taken)...)
		for _, f := range found {
			taken[f.Name] = true
		}
		current = next
	}
	slices.SortFunc(fields, func(a, b Field) int { return slices.Compare(a.Index, b.Index) })
	return fields
}

// level is a struct inside the struct of Fields, or that struct.
type level struct {
	typ   reflect.Type
	index []int // indices of the way to it
}

// members adds the fields of l to found and the structs embedded in it to next.
func (l level) members(found []Field, next []level, embeds func(reflect.Type) bool) ([]Field, []level) {
	for i := range l.typ.NumField() {
		f := l.typ.Field(i)
		tag := Parse(f)
		if tag.Skip {
			continue
		}
		index := append(slices.Clone(l.index), i)
		if f.Anonymous && tag.Name == "" {
			inner := f.Type
			if inner.Kind() == reflect.Pointer {
				inner = inner.Elem()
			}
			if inner.Kind() == reflect.Struct && embeds(inner) {
				next = append(next, level{inner, index})
				continue
			}
		}
		if !f.IsExported() {
			continue
		}
		name := tag.Name
		if name == "" {
			name = f.Name
		}
		member := Field{Name: name, Tag: tag, Type: f.Type, Index: index}
		if tag.OmitZero {
			member.isZero = zeroTest(f.Type)
		}
		found = append(found, member)
	}
	return found, next
}

// dominant returns those of found, the fields of one depth, that count. taken has the names of less
// deep fields.
func dominant(found []Field, taken map[string]bool) []Field {
	var fields []Field
	for i, f := range found {
		counts := !taken[f.Name]
		for j, other := range found {
			if i != j && other.Name == f.Name && (f.Tag.Name == "" || other.Tag.Name != "") {
				counts = false
			}
		}
		if counts {
			fields = append(fields, f)
		}
	}
	return fields
}

// In returns the field of v, a struct. If an embedded pointer on the way is nil, it returns that
// and false.
func (f *Field) In(v reflect.Value) (_ reflect.Value, ok bool) {
	for i, x := range f.Index {
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

// Make returns the field of v, a struct that can be set, and makes the embedded structs on the way.
// If one cannot be made, because the pointer to it is not exported, Make returns that pointer and
// false.
func (f *Field) Make(v reflect.Value) (_ reflect.Value, ok bool) {
	for i, x := range f.Index {
		if i > 0 && v.Kind() == reflect.Pointer {
			if v.IsNil() {
				if !v.CanSet() {
					return v, false
				}
				v.Set(reflect.New(v.Type().Elem()))
			}
			v = v.Elem()
		}
		v = v.Field(x)
	}
	return v, true
}
