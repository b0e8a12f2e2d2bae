package v8

import (
	"encoding/base64"
	"errors"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"time"
)

// JSON converts v, a value of [Value], to JSON. The result is that of Node's JSON.stringify where
// that keeps the content.
//
//   - Undefined is left out of objects, and null in arrays, as are holes. NaN, infinities and an
//     Invalid Date are null. The properties of an [Array] besides its elements are left out.
//   - A Date is a text such as "2020-02-03T04:05:06.789Z"; a Boxed is its value.
//   - A Buffer is {"type":"Buffer","data":[1,2]}, a typed array {"0":1,"1":2}.
//
// JSON.stringify makes {} of a Map, Set, RegExp, Error, ArrayBuffer or DataView, and refuses a
// bigint. Here
//
//   - a Map is an array of arrays of key and value, as [...map] is, and a Set an array of its
//     values;
//   - a RegExp is a text such as "/a+/gi";
//   - an Error is an object with name and message, and with stack and cause if it has them;
//   - an ArrayBuffer and a DataView have the form of a Buffer, with their own name as the type; an
//     UnknownView has that name as the type, and its data in base64;
//   - a bigint is a number with all its digits; if there are tens of thousands, a string of
//     hexadecimal digits: "0x1f…".
//
// It is the MarshalJSON of this package's types, so json.Marshal gives the same for values inside
// an *Object, *Map, *Set, *Array or *Error. Outside of these, json.Marshal has its own form for
// time.Time and []byte.
//
// JSON has no references, so an object that is in two places is written twice. The error is
// [ErrCycle] for an object inside itself, [ErrTooDeep], [ErrTooLarge] if the copies of objects, or
// the holes of an array, are out of proportion to the value, or the error of json.Marshal for a Go
// value of another type inside v.
//
// Safe to call from any goroutine, as long as nobody changes what v refers to.
func JSON(v any) ([]byte, error) {
	e := jsonEncoder{sizes: map[identity]int64{}, around: map[identity]bool{}}
	if err := e.value(v); err != nil {
		return nil, err
	}
	return e.p, nil
}

// ErrCycle is the error of [JSON] for an object that is inside itself.
var ErrCycle = errors.New("v8: an object inside itself has no JSON")

const (
	// freeCopies is the number of bytes that copies and holes may always take.
	freeCopies = 1 << 20

	// copiesPerByte is the number of bytes that copies and holes may take for each other byte.
	copiesPerByte = 16

	// decimalBits is the length, in bits, of the longest bigint that is written in decimal: the
	// time of that grows faster than the length.
	decimalBits = 1 << 18
)

// jsonEncoder converts one value.
type jsonEncoder struct {
	p     []byte // the JSON so far
	depth int    // objects around the next value

	around map[identity]bool  // the objects around the next value
	sizes  map[identity]int64 // length of each written object, in bytes
	copied int64              // bytes of copies and holes, not counting copies in copies
	inCopy int                // objects around the next value that are copies
}

func (e *jsonEncoder) text(s string) { e.p = append(e.p, s...) }

// object calls write for v, which may be in several places, after the checks of depth, cycle and
// copies. The size of a copy is known from the first writing.
func (e *jsonEncoder) object(v any, write func() error) error {
	if e.depth > MaxReadDepth {
		return ErrTooDeep
	}
	k := identifyValue(v)
	if k.typ == nil {
		return write()
	}
	if e.around[k] {
		return ErrCycle
	}
	size, again := e.sizes[k]
	if again {
		if err := e.copies(size); err != nil {
			return err
		}
		e.inCopy++
	}
	e.around[k] = true
	e.depth++
	start := len(e.p)
	err := write()
	e.sizes[k] = int64(len(e.p) - start)
	e.depth--
	delete(e.around, k)
	if again {
		e.inCopy--
	}
	return err
}

// copies adds n bytes to those of copies and holes. The error is ErrTooLarge. Bytes inside a copy
// are counted with the copy.
func (e *jsonEncoder) copies(n int64) error {
	if e.inCopy > 0 {
		return nil
	}
	other := int64(len(e.p)) - e.copied
	if e.copied+n > freeCopies+copiesPerByte*max(other, 0) {
		return ErrTooLarge
	}
	e.copied += n
	return nil
}

func (e *jsonEncoder) value(v any) error {
	switch v := v.(type) {
	case nil, Singleton:
		e.text("null")
	case bool:
		e.p = strconv.AppendBool(e.p, v)
	case int:
		e.p = strconv.AppendInt(e.p, int64(v), 10)
	case float64:
		e.float(v)
	case Float16:
		e.float(v.Float())
	case string:
		e.quote(v)
	case time.Time:
		e.date(v)
	case *big.Int:
		e.bigInt(v)
	case *Boxed:
		if v == nil {
			e.text("null")
			return nil
		}
		return e.value(v.Value)
	case *RegExp:
		if v == nil {
			e.text("null")
			return nil
		}
		e.quote("/" + v.Source + "/" + v.Flags)
	default:
		return e.object(v, func() error { return e.container(v) })
	}
	return nil
}

// container writes a value that may be in several places. A nil one is null.
func (e *jsonEncoder) container(v any) error {
	switch v := v.(type) {
	case []any:
		if v != nil {
			return e.list(v)
		}
	case map[string]any:
		if v != nil {
			return e.goMap(v)
		}
	case *Object:
		if v != nil {
			return e.properties(v)
		}
	case *Array:
		if v != nil {
			return e.array(v)
		}
	case *Map:
		if v != nil {
			return e.entries(v)
		}
	case *Set:
		if v != nil {
			return e.list(v.Values)
		}
	case *Error:
		if v != nil {
			return e.jsError(v)
		}
	case *ArrayBuffer:
		if v != nil {
			e.buffer("ArrayBuffer", v.Data)
			return nil
		}
	case *UnknownView:
		if v != nil {
			e.text(`{"type":"UnknownView","data":"` + base64.StdEncoding.EncodeToString(v.Data) + `"}`)
			return nil
		}
	default:
		return e.bytes(v)
	}
	e.text("null")
	return nil
}

func (e *jsonEncoder) list(values []any) error {
	e.text("[")
	for i, v := range values {
		if i > 0 {
			e.text(",")
		}
		if err := e.value(v); err != nil {
			return err
		}
	}
	e.text("]")
	return nil
}

// array writes null for each hole, after a check of their number, which may be 2³² - 1.
func (e *jsonEncoder) array(a *Array) error {
	const hole = "null,"
	if err := e.copies(int64(len(hole)) * (int64(a.Length) - int64(len(a.elements)))); err != nil {
		return err
	}
	e.text("[")
	next := uint32(0)
	fill := func(to uint32) {
		for ; next < to; next++ {
			e.text(hole)
		}
	}
	for i, v := range a.All() {
		fill(i)
		if err := e.value(v); err != nil {
			return err
		}
		e.text(",")
		next++
	}
	fill(a.Length)
	if next > 0 {
		e.p = e.p[:len(e.p)-1] // Without the last comma.
	}
	e.text("]")
	return nil
}

func (e *jsonEncoder) entries(m *Map) error {
	e.text("[")
	for i, entry := range m.Entries {
		if i > 0 {
			e.text(",")
		}
		if err := e.list([]any{entry.Key, entry.Value}); err != nil {
			return err
		}
	}
	e.text("]")
	return nil
}

func (e *jsonEncoder) properties(o *Object) error {
	e.text("{")
	first := true
	for name, v := range o.All() {
		if err := e.member(name, v, &first); err != nil {
			return err
		}
	}
	e.text("}")
	return nil
}

func (e *jsonEncoder) goMap(m map[string]any) error {
	e.text("{")
	first := true
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if err := e.member(name, m[name], &first); err != nil {
			return err
		}
	}
	e.text("}")
	return nil
}

func (e *jsonEncoder) jsError(x *Error) error {
	var o Object
	o.Set("name", x.Name)
	o.Set("message", x.Message)
	if x.Stack != "" {
		o.Set("stack", x.Stack)
	}
	if x.Cause != nil {
		o.Set("cause", x.Cause)
	}
	return e.properties(&o)
}

func (e *jsonEncoder) member(name string, v any, first *bool) error {
	if v == Undefined {
		return nil
	}
	if !*first {
		e.text(",")
	}
	*first = false
	e.quote(name)
	e.text(":")
	return e.value(v)
}
