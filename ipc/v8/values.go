package v8

import (
	"math"
	"math/big"
)

// A Singleton is a JavaScript value without content that has no counterpart in Go.
type Singleton uint8

const (
	// Undefined is JavaScript's undefined.
	Undefined Singleton = iota

	// InvalidDate is a Date that holds no time: new Date(NaN).
	InvalidDate
)

// String returns the value as JavaScript prints it.
func (s Singleton) String() string {
	if s == InvalidDate {
		return "Invalid Date"
	}
	return "undefined"
}

// A Map is a JavaScript Map: entries in the order in which they were added. Keys are any values;
// two keys are equal if JavaScript has them equal: objects by identity.
type Map struct {
	Entries []Entry // in the order of JavaScript
}

// An Entry is an entry of a [Map]. Node writes each key once; if a key comes twice, the later value
// counts.
type Entry struct {
	Key, Value any // of any type, as everywhere in a message
}

// Get returns the value of a key that is undefined, null, a bool, a number or a string, and whether
// it exists. It looks at every entry, so for many look-ups put the entries into a Go map.
func (m *Map) Get(key any) (any, bool) {
	for i := len(m.Entries) - 1; i >= 0; i-- {
		if samePrimitive(m.Entries[i].Key, key) {
			return m.Entries[i].Value, true
		}
	}
	return nil, false
}

// samePrimitive compares values without identity by the rules of Map.prototype.get: NaN equals NaN,
// 0 equals -0, and int and float64 are the same type.
func samePrimitive(a, b any) bool {
	if x, ok := number(a); ok {
		y, ok := number(b)
		return ok && (x == y || math.IsNaN(x) && math.IsNaN(y))
	}
	switch a := a.(type) {
	case nil:
		return b == nil
	case Singleton, bool, string:
		return a == b
	case *big.Int:
		b, ok := b.(*big.Int)
		return ok && a.Cmp(b) == 0
	}
	return false
}

// number returns v if v is a number of Value.
func number(v any) (float64, bool) {
	switch v := v.(type) {
	case int:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// A Set is a JavaScript Set: values in the order in which they were added.
type Set struct {
	Values []any // in the order of JavaScript, each once
}

// A RegExp is a JavaScript regular expression. Go's package regexp has another, smaller language.
type RegExp struct {
	Source string // the text between the slashes
	Flags  string // letters of "dgimsuvy"; Value returns them in this order
}

// A Boxed is a primitive value in an object: new Boolean(true), new Number(1), new String("s"),
// Object(1n).
type Boxed struct {
	Value any // bool, float64, string or *big.Int; integers are written as numbers
}

// An ArrayBuffer is the memory behind typed arrays. When a typed array is sent, only the bytes that
// it shows go with it, without their ArrayBuffer.
type ArrayBuffer struct {
	Data      []byte
	Resizable bool
	MaxLength uint32 // bytes; at least len(Data) if Resizable, else unused
}

// Typed arrays of JavaScript. [Append] writes the bytes that they show. Two of them that share
// memory share none when they arrive, unless they are the same slice.
type (
	// Int8Array is a typed array.
	Int8Array []int8
	// Uint8Array is a typed array. A []byte is a Buffer, Node's subclass of it.
	Uint8Array []byte
	// Uint8ClampedArray is a typed array.
	Uint8ClampedArray []byte
	// Int16Array is a typed array.
	Int16Array []int16
	// Uint16Array is a typed array.
	Uint16Array []uint16
	// Int32Array is a typed array.
	Int32Array []int32
	// Uint32Array is a typed array.
	Uint32Array []uint32
	// Float16Array is a typed array of JavaScript engines since 2025 (Node v24).
	Float16Array []Float16
	// Float32Array is a typed array.
	Float32Array []float32
	// Float64Array is a typed array.
	Float64Array []float64
	// BigInt64Array is a typed array.
	BigInt64Array []int64
	// BigUint64Array is a typed array.
	BigUint64Array []uint64
	// DataView has the bytes that a DataView shows.
	DataView []byte
)

// An UnknownView is a typed array of a type that this package does not know, sent by a later
// version of Node. Append writes it unchanged, but refuses one with a Letter.
type UnknownView struct {
	Type   uint32 // Node's number for the type
	Letter byte   // V8's letter for the type if V8 and not Node has written the view; otherwise 0
	Data   []byte // the bytes that the view shows
}
