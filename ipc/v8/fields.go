package v8

import (
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/brood-go/brood/internal/structtag"
)

// description is what was found out about a Go type.
type description struct {
	class  class
	fields []structtag.Field // of a struct, in the order in which they are written
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
		d.fields = structtag.Fields(t, func(inner reflect.Type) bool { return classOf(inner) == byKind })
		slices.SortStableFunc(d.fields, func(a, b structtag.Field) int { return compareIndices(a.Name, b.Name) })
	}
	descriptions.Store(t, d)
	return d
}

// field returns the field with that name, or with one that differs in case, or nil.
func (d *description) field(name string) *structtag.Field {
	for i := range d.fields {
		if d.fields[i].Name == name {
			return &d.fields[i]
		}
	}
	for i := range d.fields {
		if strings.EqualFold(d.fields[i].Name, name) {
			return &d.fields[i]
		}
	}
	return nil
}
