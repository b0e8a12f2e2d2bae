package nodejson

import (
	"encoding/binary"
	"encoding/json"
	"reflect"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/brood-go/brood/internal/structtag"
)

// A plan says how values of a type are written and read without the library, in one walk over type
// and text, which takes less than half the time. Most messages consist of types with plans: structs
// with ordinary tags and structs embedded in them, slices, arrays, maps and pointers of booleans,
// numbers, strings, bytes, times, JSON and any. A type that contains something else, above all a
// type with a method for JSON, has no plan as a whole.
//
// A plan has no rules for unusual values and texts. If it meets one, the walk is given up and the
// library does all of it again. So only the library decides on errors and unusual cases. A plan is
// constant once made.
type plan struct {
	kind kind
	typ  reflect.Type
	size uintptr // size of a value, in bytes
	elem *plan   // of a slice, array, map or pointer; nil otherwise
	// nesting levels that a value of this type adds: 1, but 0 for a pointer to a struct, because
	// the struct counts itself
	level  int
	fields []fieldPlan    // the fields of a struct, in the order in which they are written
	byName map[string]int // index in fields by name; nil if the type is no struct
}

// kind says how values of a type are written and read.
type kind uint8

const (
	asBool kind = iota
	asInt       // of every size, as is asUint
	asUint
	asFloat32
	asFloat64
	asString
	asBytes  // a slice of bytes: base64
	asTime   // a time.Time
	asNumber // a json.Number
	asRaw    // a json.RawMessage
	asAny    // an interface without methods
	asObject // a map[string]any, which needs no reflection
	asPointer
	asSlice
	asArray
	asMap
	asStruct
)

// nullable reports whether values of that kind can be nil.
func (k kind) nullable() bool {
	switch k {
	case asBytes, asRaw, asAny, asObject, asPointer, asSlice, asMap:
		return true
	}
	return false
}

type fieldPlan struct {
	structtag.Field
	offset uintptr // offset in the struct, in bytes; not valid if remote
	remote bool    // it is behind an embedded pointer
	omits  bool    // some values are left out
	name   intro   // the text "name":
	comma  string  // the same text behind a comma
	plan   *plan
}

// intro is the text before the value of a member. Most are no longer than eight bytes, and are
// found by comparing one word.
type intro struct {
	text string
	word uint64 // the first bytes of text, the first one in the lowest bits
	mask uint64 // has the bits of word that text has
}

func newIntro(text string) intro {
	var first [8]byte
	n := copy(first[:], text)
	return intro{text, binary.LittleEndian.Uint64(first[:]), 1<<(8*n) - 1}
}

// begins reports whether p begins with the text.
func (x *intro) begins(p []byte) bool {
	n := len(x.text)
	if len(p) < max(n, 8) {
		return len(p) >= n && string(p[:n]) == x.text
	}
	return binary.LittleEndian.Uint64(p)&x.mask == x.word && (n <= 8 || string(p[8:n]) == x.text[8:])
}

// plans has the plan of each type that was asked for, nil for types without one. It only saves
// time, because the plan of a type is always the same.
var plans sync.Map // reflect.Type → *plan

// planOf returns the plan of t, nil if there is none. Safe to call from any goroutine.
func planOf(t reflect.Type) *plan {
	if p, known := plans.Load(t); known {
		return p.(*plan)
	}
	p := (&planner{made: map[reflect.Type]*plan{}}).plan(t)
	plans.Store(t, p)
	return p
}

var (
	timeType   = reflect.TypeFor[time.Time]()
	rawType    = reflect.TypeFor[json.RawMessage]()
	objectType = reflect.TypeFor[map[string]any]()
)

// asKnown has the types with a kind of their own here; their methods do not count.
var asKnown = map[reflect.Type]kind{timeType: asTime, numberType: asNumber, rawType: asRaw}

// planner makes the plan of a type, with the plans of the types in it. If one of these has none,
// the type has none.
type planner struct {
	// with the plans that are being made, because a type may contain itself; nil for types without
	// one
	made map[reflect.Type]*plan
}

// plan returns the plan of t, nil if there is none.
func (b *planner) plan(t reflect.Type) *plan {
	if p, known := b.made[t]; known {
		return p
	}
	if t == nil {
		return nil
	}
	p := &plan{typ: t, size: t.Size(), level: 1}
	b.made[t] = p
	known := false
	if p.kind, known = asKnown[t]; !known && (hasMethods(t) || !b.fill(p)) {
		b.made[t] = nil
		return nil
	}
	return p
}

// hasMethods reports whether t has methods for writing or reading JSON.
func hasMethods(t reflect.Type) bool { return hasOneOf(marshalers, t) || hasOneOf(unmarshalers, t) }

// fill sets p from p.typ. It reports false if that type has no plan.
func (b *planner) fill(p *plan) bool {
	switch t := p.typ; t.Kind() {
	case reflect.Bool:
		p.kind = asBool
	case reflect.String:
		p.kind = asString
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		p.kind = asInt
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		p.kind = asUint
	case reflect.Float32:
		p.kind = asFloat32
	case reflect.Float64:
		p.kind = asFloat64
	case reflect.Interface:
		p.kind = asAny
		return t.NumMethod() == 0
	case reflect.Pointer:
		p.kind = asPointer
		if t.Elem().Kind() == reflect.Struct {
			p.level = 0
		}
		return b.elem(p)
	case reflect.Slice:
		p.kind = asSlice
		if t.Elem().Kind() == reflect.Uint8 {
			p.kind = asBytes
		}
		return b.elem(p)
	case reflect.Array:
		p.kind = asArray
		return b.elem(p)
	case reflect.Map:
		p.kind = asMap
		if t == objectType {
			p.kind = asObject
		}
		return b.key(t.Key()) && b.elem(p)
	case reflect.Struct:
		p.kind = asStruct
		return b.record(p)
	default:
		return false
	}
	return true
}

// elem is fill for p's element type.
func (b *planner) elem(p *plan) bool {
	p.elem = b.plan(p.typ.Elem())
	return p.elem != nil
}

// key reports whether keys of type t are strings that are written as they are.
func (b *planner) key(t reflect.Type) bool { return t.Kind() == reflect.String && b.plan(t) != nil }

// record is fill for the fields of a struct.
func (b *planner) record(p *plan) bool {
	ordinary := !hidesMember(p.typ)
	seen := map[reflect.Type]bool{p.typ: true}
	fields := structtag.Fields(p.typ, func(inner reflect.Type) bool {
		if seen[inner] || hasMethods(inner) || hidesMember(inner) {
			ordinary = false
		}
		seen[inner] = true
		return true
	})
	if !ordinary {
		return false
	}
	p.byName = map[string]int{}
	for i, f := range fields {
		inner := b.plan(f.Type)
		if inner == nil || !isPlainName(f.Name) || f.Tag.Other {
			return false
		}
		p.byName[f.Name] = i
		at := fieldPlan{Field: f, omits: f.Tag.OmitEmpty || f.Tag.OmitZero, plan: inner}
		at.offset, at.remote = offsetOf(p.typ, f.Index)
		text := `"` + f.Name + `":`
		at.name, at.comma = newIntro(text), ","+text
		p.fields = append(p.fields, at)
	}
	return true
}

// offsetOf returns the offset of a field in a struct of type t; remote if the field is behind a
// pointer.
func offsetOf(t reflect.Type, index []int) (offset uintptr, remote bool) {
	for _, x := range index {
		if t.Kind() == reflect.Pointer {
			return 0, true
		}
		f := t.Field(x)
		offset += f.Offset
		t = f.Type
	}
	return offset, false
}

// hidesMember reports whether t embeds an unexported struct that has a name in its tag. To
// encoding/json it is a member, to structtag it is not.
func hidesMember(t reflect.Type) bool {
	for f := range t.Fields() {
		if f.Anonymous && !f.IsExported() && structtag.Parse(f).Name != "" {
			return true
		}
	}
	return false
}

// isPlainName reports whether name is written without escapes and every library takes it as a name.
func isPlainName(name string) bool {
	for _, c := range []byte(name) {
		if c >= utf8.RuneSelf || c != '_' && c != '-' && c != '.' && !('0' <= c && c <= '9') && !('a' <= c|' ' && c|' ' <= 'z') {
			return false
		}
	}
	return true
}
