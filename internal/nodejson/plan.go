package nodejson

import (
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"
)

// A plan is how values of a type are written and read here, without the library: in one walk over type and text, which
// takes about half the time. There are plans for what most messages are made of: structs with ordinary tags, slices, maps
// and pointers of booleans, numbers, strings and any. A type with something else in it, a method for JSON above all, has
// none, and is the library's as a whole.
//
// A plan knows only the straight way. Where a value or a text leaves it, the walk is given up, and the library does all of
// it anew: so whatever is refused, and all rules for what is unusual, are the library's alone.
type plan struct {
	kind   reflect.Kind // those of int, uint and float stand for all their sizes
	typ    reflect.Type
	elem   *plan          // of a slice, map or pointer
	level  int            // how much deeper what it contains is: 0 for a pointer to a struct, where the struct counts
	fields []fieldPlan    // of a struct
	byName map[string]int // the fields by their member; nil: there are none
}

type fieldPlan struct {
	index     int
	name      string // of the member
	intro     string // what comes before its value: "name":
	omitEmpty bool
	plan      *plan
}

// plans has the plan of each type that was asked for; nil for those without. It is a fact, so loops may share it.
var plans sync.Map // reflect.Type → *plan

// lastRead and lastWritten have the plan that was used last: messages mostly are of one type in each direction.
var lastRead, lastWritten atomic.Pointer[plan]

// planFor returns the plan of t, nil if there is none.
func planFor(t reflect.Type, last *atomic.Pointer[plan]) *plan {
	if p := last.Load(); p != nil && p.typ == t {
		return p
	}
	p := storedPlan(t)
	if p != nil {
		last.Store(p)
	}
	return p
}

func storedPlan(t reflect.Type) *plan {
	if p, known := plans.Load(t); known {
		return p.(*plan)
	}
	p := (&planner{made: map[reflect.Type]*plan{}}).plan(t)
	plans.Store(t, p)
	return p
}

// planner makes the plans of a type and of all that it consists of. If one of them has none, none has.
type planner struct {
	made map[reflect.Type]*plan // also those that are being made: a type may contain itself
}

func (b *planner) plan(t reflect.Type) *plan {
	if t == nil || t == numberType || hasOneOf(marshalers, t) || hasOneOf(unmarshalers, t) {
		return nil
	}
	if p, known := b.made[t]; known {
		return p
	}
	p := &plan{typ: t, level: 1}
	b.made[t] = p
	ok := true
	switch t.Kind() {
	case reflect.Bool, reflect.String:
		p.kind = t.Kind()
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		p.kind = reflect.Int
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		p.kind = reflect.Uint
	case reflect.Float64:
		p.kind = reflect.Float64
	case reflect.Interface:
		p.kind, ok = reflect.Interface, t.NumMethod() == 0
	case reflect.Pointer:
		p.kind, ok = reflect.Pointer, b.elem(p)
		if t.Elem().Kind() == reflect.Struct {
			p.level = 0
		}
	case reflect.Slice:
		p.kind, ok = reflect.Slice, t.Elem().Kind() != reflect.Uint8 && b.elem(p)
	case reflect.Map:
		p.kind, ok = reflect.Map, b.key(t.Key()) && b.elem(p)
	case reflect.Struct:
		p.kind, ok = reflect.Struct, b.record(p)
	default:
		ok = false
	}
	if !ok {
		return nil
	}
	return p
}

func (b *planner) elem(p *plan) bool {
	p.elem = b.plan(p.typ.Elem())
	return p.elem != nil
}

// key reports whether keys of type t are written as they are.
func (b *planner) key(t reflect.Type) bool { return t.Kind() == reflect.String && b.plan(t) != nil }

// record plans the fields of a struct.
func (b *planner) record(p *plan) bool {
	p.byName = map[string]int{}
	for f := range p.typ.Fields() {
		if f.Anonymous {
			return false
		}
		tag := f.Tag.Get("json")
		if !f.IsExported() || tag == "-" {
			continue
		}
		name, option, _ := strings.Cut(tag, ",")
		if name == "" {
			name = f.Name
		}
		if !isPlainName(name) || option != "" && option != "omitempty" {
			return false
		}
		if _, taken := p.byName[name]; taken {
			return false
		}
		inner := b.plan(f.Type)
		if inner == nil {
			return false
		}
		p.byName[name] = len(p.fields)
		p.fields = append(p.fields, fieldPlan{f.Index[0], name, `"` + name + `":`, option != "", inner})
	}
	return true
}

// isPlainName reports whether name is written as it is, and is a name to every library.
func isPlainName(name string) bool {
	for _, c := range []byte(name) {
		if c >= utf8.RuneSelf || c != '_' && c != '-' && c != '.' && !('0' <= c && c <= '9') && !('a' <= c|' ' && c|' ' <= 'z') {
			return false
		}
	}
	return true
}
