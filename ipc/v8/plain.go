package v8

import (
	"encoding"
	"reflect"
	"sync"

	"github.com/brood-go/brood/internal/structtag"
)

// plain is how values of one plain type are read. Most messages are of plain types: structs, slices
// and maps of booleans, numbers, strings, bytes and times. Their values are read without making
// those of Value first, see plainReader. A plain is constant once made.
type plain struct {
	kind   plainKind
	typ    reflect.Type
	elem   *plain         // of a slice, map or pointer; nil otherwise
	fields []plainField   // of a struct, in the order in which they are written
	byName map[string]int // index in fields
}

// plainKind says how values of a type are read.
type plainKind uint8

const (
	plainBool plainKind = iota
	plainInt
	plainUint
	plainFloat
	plainString
	plainBytes // []byte itself
	plainTime  // time.Time itself
	plainAny   // any itself
	plainPointer
	plainSlice
	plainMap // with keys that are strings
	plainStruct
)

type plainField struct {
	structtag.Field
	direct int    // index in the struct itself; -1: in an embedded struct
	intro  string // the encoded name
	plain  *plain
}

// mostPlainFields is the number of fields that a plain struct may have, because record has one bit
// for each.
const mostPlainFields = 64

// plains has the *plain of each type that was asked for, nil for types that are not plain. It only
// saves time: the entry of a type is always the same.
var plains sync.Map

// plainOf returns the plain of t, nil if t is not plain. Safe to call from any goroutine.
func plainOf(t reflect.Type) *plain {
	if p, known := plains.Load(t); known {
		return p.(*plain)
	}
	p := plainer{}.build(t)
	plains.Store(t, p)
	return p
}

// plainer has the types that were looked at, and those that are being made, because a type may
// contain itself. A type that contains one that is not plain is not plain either.
type plainer map[reflect.Type]*plain

// build returns the plain of t, nil if t is not plain.
func (b plainer) build(t reflect.Type) *plain {
	if p, known := b[t]; known {
		return p
	}
	p := &plain{typ: t}
	b[t] = p
	if !b.fill(p) {
		b[t] = nil
	}
	return b[t]
}

var (
	anyType             = reflect.TypeFor[any]()
	bytesType           = reflect.TypeFor[[]byte]()
	textUnmarshalerType = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// fill sets p from p.typ. It reports false if that is not plain.
func (b plainer) fill(p *plain) bool {
	t := p.typ
	if t == timeType {
		p.kind = plainTime
		return true
	}
	if t.Kind() != reflect.Interface && (classOf(t) != byKind || reflect.PointerTo(t).Implements(textUnmarshalerType)) {
		return false
	}
	switch t.Kind() {
	case reflect.Bool:
		p.kind = plainBool
	case reflect.String:
		p.kind = plainString
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		p.kind = plainInt
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		p.kind = plainUint
	case reflect.Float32, reflect.Float64:
		p.kind = plainFloat
	case reflect.Interface:
		p.kind = plainAny
		return t == anyType
	case reflect.Pointer:
		p.kind = plainPointer
		return b.elem(p)
	case reflect.Slice:
		p.kind = plainSlice
		if isByte(t.Elem()) {
			p.kind = plainBytes
			return t == bytesType
		}
		return b.elem(p)
	case reflect.Map:
		p.kind = plainMap
		return t.Key().Kind() == reflect.String && b.elem(p)
	case reflect.Struct:
		p.kind = plainStruct
		return b.record(p)
	default:
		return false
	}
	return true
}

// elem is fill for p's element type.
func (b plainer) elem(p *plain) bool {
	p.elem = b.build(p.typ.Elem())
	return p.elem != nil
}

// record is fill for a struct.
func (b plainer) record(p *plain) bool {
	fields := describe(p.typ).fields
	if len(fields) > mostPlainFields {
		return false
	}
	p.byName = map[string]int{}
	for i, f := range fields {
		if _, index := arrayIndex(f.Name); index || !isASCII(f.Name) || len(f.Name) > mostIntroName {
			return false
		}
		inner := b.build(f.Type)
		if inner == nil {
			return false
		}
		p.byName[f.Name] = i
		direct := -1
		if len(f.Index) == 1 {
			direct = f.Index[0]
		}
		p.fields = append(p.fields, plainField{f, direct, introOf(f.Name), inner})
	}
	return true
}
