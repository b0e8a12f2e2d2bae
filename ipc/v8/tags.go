package v8

// A payload begins with tagVersion and the version. V8 10.1 and later write 15; Node 20 reads 13 to
// 15.
const (
	tagVersion    = 0xFF
	version       = 15
	oldestVersion = 13

	// flagsVersion is the first version in which a tagView has flags.
	flagsVersion = 14
)

// Tags that begin a value (V8, src/objects/value-serializer.cc).
const (
	tagPadding     = 0x00 // may precede every tag; aligns the bytes of a string
	tagCount       = '?'  // number of objects so far, ignored; the value is next
	tagNull        = '0'
	tagUndefined   = '_'
	tagTrue        = 'T'
	tagFalse       = 'F'
	tagInt32       = 'I' // zigzag
	tagUint32      = 'U'
	tagDouble      = 'N'
	tagBigInt      = 'Z'
	tagLatin1      = '"'
	tagUTF16       = 'c' // the number of bytes, little-endian units
	tagUTF8        = 'S' // read only
	tagObject      = 'o'
	tagDense       = 'A'
	tagSparse      = 'a'
	tagDate        = 'D'
	tagMap         = ';'
	tagSet         = '\''
	tagRegExp      = 'R'
	tagBoxedTrue   = 'y'
	tagBoxedFalse  = 'x'
	tagBoxedNumber = 'n'
	tagBoxedBigInt = 'z'
	tagBoxedString = 's'
	tagArrayBuffer = 'B'
	tagResizable   = '~'
	tagHost        = '\\'
	tagError       = 'r'
	tagRef         = '^'
)

// Tags in the place of a value or a key.
const (
	tagHole      = '-'
	tagEndObject = '{'
	tagEndDense  = '$'
	tagEndSparse = '@'
	tagEndMap    = ':'
	tagEndSet    = ','
	tagView      = 'V' // behind an ArrayBuffer: the value is this view of it
)

// Parts of an error.
const (
	errorMessage   = 'm'
	errorCause     = 'c'
	errorStack     = 's'
	errorEnd       = '.'
	errorEval      = 'E'
	errorRange     = 'R'
	errorReference = 'F'
	errorSyntax    = 'S'
	errorType      = 'T'
	errorURI       = 'U'
)

// errorNames are the names of errors that the format tells apart. Every other error is an Error.
var errorNames = [...]struct {
	tag  byte
	name string
}{
	{errorEval, "EvalError"},
	{errorRange, "RangeError"},
	{errorReference, "ReferenceError"},
	{errorSyntax, "SyntaxError"},
	{errorType, "TypeError"},
	{errorURI, "URIError"},
}

// Kinds of host objects on an IPC channel (Node v20, lib/internal/child_process/serialization.js).
const (
	hostView   = 0 // the type, the number of bytes, the bytes
	hostObject = 1 // a value: the properties of an object that is implemented in C++
)

// Types of views (Node v20, lib/v8.js, arrayBufferViewTypeToIndex; the last since v22.13).
const (
	viewInt8 = iota
	viewUint8
	viewUint8Clamped
	viewInt16
	viewUint16
	viewInt32
	viewUint32
	viewFloat32
	viewFloat64
	viewDataView
	viewBuffer
	viewBigInt64
	viewBigUint64
	viewFloat16
)

// viewLetters has, at the index of each type of view, its letter behind a tagView. A Buffer has
// none, because to V8 it is a Uint8Array.
const viewLetters = "bBCwWdDfF?\x00qQh"

// Bits of a tagView's flags.
const (
	viewBufferResizable = 1 << iota
	viewTracksLength    // the view reaches to the end of its buffer
)

// regExpFlags are the letters of a RegExp's flags, from the lowest bit. The bit of 'l' is refused,
// because engines know that flag only with a special option.
const (
	regExpFlags  = "gimyusldv"
	regExpLinear = 'l'
	// regExpOrder is the order in which JavaScript shows the flags.
	regExpOrder = "dgimsuvy"
)

// maxString is the longest string, in UTF-16 units, that V8 can hold on a 64-bit system.
const maxString = 1<<29 - 24

// maxIndex is the largest array index of JavaScript; the next number is an ordinary name.
const maxIndex = 1<<32 - 2

// maxDate is the largest distance from 1970, in milliseconds, that a Date can hold.
const maxDate = 8.64e15

// maxInteger is the number up to which a float64, JavaScript's number, holds every integer.
const maxInteger = 1 << 53
