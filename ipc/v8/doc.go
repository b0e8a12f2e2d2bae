// Package v8 reads and writes values in the structured-clone format of V8 (ValueSerializer), as
// Node's IPC channel uses it with serialization 'advanced'. [Append] writes,
// [Value] reads any value, [Decode] fills Go structs, slices and maps.
//
// A payload is what follows the four length bytes of a frame. That is almost what v8.serialize of
// Node gives: host objects, which are Buffers and typed arrays, begin with one more number on an
// IPC channel, and that is the form here.
//
// # Values
//
//	JavaScript              Value gives           Append also takes
//	undefined               Undefined
//	null                    nil                       nil pointers, slices and maps
//	true, false             bool                      types of that kind
//	number, int32 inside    int                       integers of every size up to 2⁵³
//	number, double inside   float64                   float32
//	bigint                  *big.Int                  big.Int
//	string                  string                    types of that kind, encoding.TextMarshaler
//	Date                    time.Time, in UTC         *time.Time
//	Invalid Date            InvalidDate
//	RegExp                  *RegExp
//	object                  *Object                   structs, maps with string or integer keys
//	array                   []any                     slices and arrays of other types
//	array with holes        *Array
//	  or more properties
//	Map                     *Map
//	Set                     *Set
//	Error, TypeError…       *Error                    every error, with its Unwrap as cause
//	Buffer                  []byte                    byte slices and arrays of other types
//	Uint8Array…             Uint8Array…
//	  of an unknown type    *UnknownView
//	DataView                DataView
//	ArrayBuffer             *ArrayBuffer
//	new Number(1)…          *Boxed
//
// JavaScript has one type of number, and V8 writes it as one of two, as it happens to store it:
// whole numbers of 32 bits mostly as int32, but all elements of an array as doubles when one is. So
// the same JavaScript variable may arrive as int once and as float64 later. Decode does not mind.
// Append writes what the Go type says, int32 where an integer fits.
//
// Slices are arrays in JavaScript, []float64 too. For a typed array there is a type of its own,
// such as [Float64Array]. The exception is []byte, which is a Buffer.
//
// Strings of JavaScript may hold half a surrogate pair. In Go that is the three bytes which UTF-8
// would have for it, were it allowed (WTF-8), and these become the half again. Any other byte that
// is no UTF-8 becomes U+FFFD, but in the name of a property it is an error: two names could become
// one, which receivers refuse.
//
// A class instance of JavaScript arrives as an *Object with its own properties. Functions and
// symbols cannot be sent by either side: Append returns an [UnsupportedTypeError] for functions,
// channels and complex numbers.
//
// # Identity
//
// Values that refer to each other, or to themselves, arrive as they were. Append knows an object
// again by its pointer: a pointer, a map, or a slice with the same first element, length and type.
// Value gives every reference to an object the same pointer, map or slice. What has no pointer
// in Go has no identity: a Date that is in an array twice becomes two equal ones. The values of a
// message can therefore have cycles, which code that walks them must expect, and Decode reproduces
// them in pointers, maps and slices. One kind of cycle cannot be written, because Node cannot read
// it: an error in its own cause.
//
// # Structs
//
// Names and options come from json tags, as in package encoding/json: name, "-", omitempty,
// omitzero, embedded structs. The other options, and MarshalJSON and UnmarshalJSON, are not used.
// encoding.TextMarshaler and TextUnmarshaler are, also those of time.Time when a string arrives.
//
// # JSON
//
// [JSON] makes JSON of what Value gives, as Node does where that keeps the content. The types
// of this package have it as their MarshalJSON, so that a value can be logged or passed on by
// package encoding/json.
//
// # Hostile input
//
// Value and Decode return an error for whatever is not well formed: they never panic, and what
// they allocate is bounded by the length of the payload and not by any length that is announced in
// it. See [MaxReadDepth] for the bound of nesting.
package v8
