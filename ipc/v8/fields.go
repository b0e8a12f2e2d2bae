package v8

import (
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/brood-go/brood/internal/structtag"
)

// description says how a Go type is written. It is constant once made.
type description struct {
	class  class
	fields []structtag.Field // the fields of a struct, in the order in which they are written
	ways   []fieldWay        // one for each of fields
}

// fieldWay says how a field is written, as far as that does not depend on its value.
type fieldWay struct {
	intro  string // the encoded name, if it is short, ASCII and no array index; else ""
	direct int    // index in the struct itself; -1: in an embedded struct
	omits  bool   // some values are left out
	// its values are booleans, numbers or strings without methods
	bare bool
}

// descriptions has a *description for each reflect.Type that was asked for. It only saves time: the
// description of a type is always the same.
var descriptions sync.Map

// describe returns the description of t. Safe to call from any goroutine.
func describe(t reflect.Type) *description {
	if d, ok := descriptions.Load(t); ok {
		return d.(*description)
	}
	d := &description{class: classOf(t)}
	if t.Kind() == reflect.Struct && d.class == byKind {
		d.fields = structtag.Fields(t, func(inner reflect.Type) bool { return classOf(inner) == byKind })
		slices.SortStableFunc(d.fields, func(a, b structtag.Field) int { return compareIndices(a.Name, b.Name) })
	}
	for _, f := range d.fields {
		w := fieldWay{direct: -1, omits: f.Tag.OmitEmpty || f.Tag.OmitZero, bare: isBare(f.Type)}
		if _, index := arrayIndex(f.Name); !index && isASCII(f.Name) && len(f.Name) <= mostIntroName {
			w.intro = introOf(f.Name)
		}
		if len(f.Index) == 1 {
			w.direct = f.Index[0]
		}
		d.ways = append(d.ways, w)
	}
	descriptions.Store(t, d)
	return d
}

// lastDescription remembers the last type and its description, because the elements of a slice have
// one type.
type lastDescription struct {
	typ         reflect.Type // nil before the first type
	description *description
}

func (l *lastDescription) describe(t reflect.Type) *description {
	if l.typ != t {
		l.typ, l.description = t, describe(t)
	}
	return l.description
}

// isBare reports whether t is a boolean, numeric or string type that is written by its kind.
func isBare(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Bool, reflect.String, reflect.Float32, reflect.Float64,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return classOf(t) == byKind
	}
	return false
}

// field returns the field with that name, else one whose name differs only in case, else nil.
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

// mostIntroName is the longest name whose length is written as one byte.
const mostIntroName = 0x7F

// introOf returns the encoded form of a short ASCII name.
func introOf(name string) string { return string([]byte{tagLatin1, byte(len(name))}) + name }
