package structtag

import (
	"reflect"
	"slices"
)

// A Field is a field that is a member, in a struct or in one embedded in it.
type Field struct {
	Name  string // of the member
	Tag   Tag
	Type  reflect.Type
	Index []int // path to the field through embedded structs

	isZero func(reflect.Value) bool // test for omitzero; nil without omitzero
}

// Fields returns the members of the struct t, in the order of its fields. Of fields with the same
// name the least deeply embedded one counts; of several at that depth the one with a name in its
// tag; otherwise none.
//
// For each embedded struct without a name in its tag, Fields asks embeds whether its fields count
// as fields of the outer struct. If embeds returns false, the struct is a field like others. inner
// is the type of the struct itself, also where a pointer to it is embedded.
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

// level is a struct somewhere inside the one given to Fields.
type level struct {
	typ   reflect.Type
	index []int // path to it
}

// members appends the fields of l to found and the structs embedded in it to next.
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

// dominant returns the fields of one depth that count. taken are the names of lesser depths.
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

// In returns the field of v, a struct. It reports false if the field is in an embedded struct whose
// pointer is nil.
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
// If it cannot make one, because the pointer to it is not exported, it returns that pointer and
// reports false.
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
