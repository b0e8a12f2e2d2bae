// Package v8 reads and writes values in the structured-clone format of V8 (ValueSerializer), as
// Node's IPC channel uses it with serialization 'advanced'. [Append] writes a value, [Value] reads
// any value, [Decode] reads into a Go variable.
//
// A payload is a frame without its four length bytes. It is almost the output of Node's
// v8.serialize; but on an IPC channel, and here, host objects, which are Buffers and typed arrays,
// begin with one more number.
//
// # Values
//
//	JavaScript              Value gives               Append also takes
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
// JavaScript has one type of number. V8 writes it as one of two, as it happens to store it: mostly
// int32 for whole numbers of 32 bits, but doubles for all elements of an array if one is a double.
// So the same JavaScript variable may arrive as int once and as float64 later; Decode accepts both.
// Append writes the number that the Go type says, int32 where an integer fits.
//
// Slices are arrays in JavaScript, []float64 too; typed arrays have types of their own, such as
// [Float64Array]. The exception is []byte, which is a Buffer.
//
// A JavaScript string may hold half a surrogate pair. In a Go string such a half is the three bytes
// that UTF-8 would have for it, if it were allowed (WTF-8); Append makes them the half again. Any
// other byte that is not UTF-8 becomes U+FFFD. In the name of a property it is an error, because
// two names could become one, which receivers refuse.
//
// An instance of a JavaScript class arrives as an *Object with its own properties. Neither side can
// send functions and symbols: Append returns an [UnsupportedTypeError] for functions, channels and
// complex numbers.
//
// # Identity
//
// Values that refer to each other, or to themselves, arrive that way. Append recognizes an object
// by its pointer: a pointer, a map, or a slice with the same first element, length and type. Value
// returns the same pointer, map or slice for every reference to an object. A value without a
// pointer in Go has no identity: a Date that is in an array twice becomes two equal ones. So the
// values of a message can have cycles, which code that walks them must expect; Decode reproduces
// them in pointers, maps and slices. One kind of cycle cannot be written, because Node cannot read
// it: an error in its own cause.
//
// # Structs
//
// Names and options come from json tags, as in package encoding/json: name, "-", omitempty,
// omitzero, embedded structs. The other options, and MarshalJSON and UnmarshalJSON, are ignored.
// encoding.TextMarshaler and TextUnmarshaler are used, also that of time.Time for a string.
//
// # JSON
//
// [JSON] converts a value of Value to JSON, as Node does where that keeps the content. It is also
// the MarshalJSON of this package's types, so package encoding/json can write a value to a log or
// pass it on.
//
// # Hostile input
//
// Value and Decode return an error for a malformed payload, and never panic. Their memory is
// bounded by the length of the payload, not by a length announced in it. [MaxReadDepth] bounds the
// nesting.
package v8
