package engine

import (
	"math"
	"unicode/utf8"

	js "modernc.org/libquickjs"
)

// Value is a value of JavaScript. It is valid until its scope ends; using it after that panics. The
// zero Value is undefined when it is passed to the engine.
type Value struct {
	s *Scope
	v js.TJSValue
	n uint32 // the use of the scope that it belongs to: valid while s.n == n
}

// value returns v as a value of the scope, which need not own it.
func (s *Scope) value(v js.TJSValue) Value { return Value{s, v, s.n} }

// Scope returns the scope that the value belongs to.
func (v Value) Scope() *Scope { return v.s }

// isOpen reports whether the value's scope is open.
func (v Value) isOpen() bool { return v.s != nil && v.s.n == v.n }

// engine returns the engine of a value whose scope is open.
func (v Value) engine() *Engine {
	if !v.isOpen() {
		panic("engine: a value is used after its scope has ended: see Value.Keep")
	}
	return v.s.e
}

// rawValue returns v as the engine takes it. It panics if v belongs to another engine or its scope
// has ended.
func (e *Engine) rawValue(v Value) js.TJSValue {
	if v.s == nil {
		return js.TJSValue{Ftag: js.EJS_TAG_UNDEFINED}
	}
	if v.engine() != e {
		panic("engine: a value of one engine is given to another")
	}
	return v.v
}

// Kind is the type of a value, as typeof returns it, but with Null.
type Kind int

// The kinds of values.
const (
	Undefined Kind = iota
	Null
	Boolean
	Number
	BigInt
	String
	Symbol
	Object
	Function
)

// Kind returns the type of v.
func (v Value) Kind() Kind {
	if v.s == nil {
		return Undefined
	}
	switch int32(v.v.Ftag) {
	case js.EJS_TAG_NULL:
		return Null
	case js.EJS_TAG_BOOL:
		return Boolean
	case js.EJS_TAG_INT, js.EJS_TAG_FLOAT64:
		return Number
	case js.EJS_TAG_BIG_INT, js.EJS_TAG_SHORT_BIG_INT:
		return BigInt
	case js.EJS_TAG_STRING, js.EJS_TAG_STRING_ROPE:
		return String
	case js.EJS_TAG_SYMBOL:
		return Symbol
	case js.EJS_TAG_OBJECT:
		if v.IsFunction() {
			return Function
		}
		return Object
	}
	return Undefined
}

// IsUndefined reports whether v is undefined.
func (v Value) IsUndefined() bool { return v.Kind() == Undefined }

// IsNullish reports whether v is undefined or null.
func (v Value) IsNullish() bool { return v.Kind() <= Null }

// IsFunction reports whether v can be called.
func (v Value) IsFunction() bool {
	return v.v.Ftag == js.EJS_TAG_OBJECT && js.XJS_IsFunction(v.engine().tls, v.engine().ctx, v.v) != 0
}

// IsArray reports whether v is an array.
func (v Value) IsArray() bool {
	return v.v.Ftag == js.EJS_TAG_OBJECT && js.XJS_IsArray(v.engine().tls, v.engine().ctx, v.v) > 0
}

// IsError reports whether v is an Error.
func (v Value) IsError() bool {
	return v.v.Ftag == js.EJS_TAG_OBJECT && js.XJS_IsError(v.engine().tls, v.engine().ctx, v.v) != 0
}

// IsObject reports whether v is an object. Functions are objects, too.
func (v Value) IsObject() bool { return v.v.Ftag == js.EJS_TAG_OBJECT }

// Is reports whether both are the same value, as Object.is does.
func (v Value) Is(other Value) bool {
	e := v.engine()
	return js.XJS_SameValue(e.tls, e.ctx, v.v, e.rawValue(other)) != 0
}

// Bool reports whether v is truthy.
func (v Value) Bool() bool {
	if v.v.Ftag == js.EJS_TAG_BOOL || v.v.Ftag == js.EJS_TAG_INT {
		return int32(v.v.Fu.Fuint641) != 0
	}
	return js.XJS_ToBool(v.engine().tls, v.engine().ctx, v.v) > 0
}

// Float returns a number, NaN for other values.
func (v Value) Float() float64 {
	switch v.v.Ftag {
	case js.EJS_TAG_INT:
		return float64(int32(v.v.Fu.Fuint641))
	case js.EJS_TAG_FLOAT64:
		return math.Float64frombits(v.v.Fu.Fuint641)
	}
	return math.NaN()
}

// Int returns the integer part of a number, limited to the range of int64; 0 for NaN and for other
// values.
func (v Value) Int() int64 {
	if v.v.Ftag == js.EJS_TAG_INT {
		return int64(int32(v.v.Fu.Fuint641))
	}
	switch f := v.Float(); {
	case math.IsNaN(f):
		return 0
	case f >= math.MaxInt64:
		return math.MaxInt64
	case f <= math.MinInt64:
		return math.MinInt64
	default:
		return int64(f)
	}
}

// BigInt returns the low 64 bits of a BigInt, 0 for other values.
func (v Value) BigInt() int64 {
	if v.Kind() != BigInt {
		return 0
	}
	e := v.engine()
	n := e.tls.Alloc(8)
	defer e.tls.Free(8)
	if js.XJS_ToBigInt64(e.tls, e.ctx, n, v.v) < 0 {
		return 0
	}
	return *pointerAt[int64](n)
}

// Text returns a string as UTF-8, "" for other values. A lone half of a surrogate pair becomes
// three bytes, see [Scope.String].
func (v Value) Text() string {
	if v.Kind() != String {
		return ""
	}
	if v.v.Ftag == js.EJS_TAG_STRING {
		if text, ok := asciiOf(uintptr(v.v.Fu.Fuint641)); v.isOpen() && ok {
			return text
		}
	}
	text, _ := v.Convert()
	return text
}

// IsText reports whether v is the string text, which must be ASCII.
func (v Value) IsText(text string) bool {
	if v.v.Ftag != js.EJS_TAG_STRING {
		return v.Kind() == String && v.Text() == text
	}
	n, isWide := stringLength(uintptr(v.v.Fu.Fuint641))
	return v.isOpen() && n == len(text) && !isWide && string(bytesAt(uintptr(v.v.Fu.Fuint641)+stringSize, n)) == text
}

// asciiOf returns a string of the engine if all of it is ASCII: then the engine stores its bytes.
func asciiOf(address uintptr) (text string, ok bool) {
	n, isWide := stringLength(address)
	if isWide {
		return "", false
	}
	p := bytesAt(address+stringSize, n)
	for _, c := range p {
		if c >= utf8.RuneSelf {
			return "", false
		}
	}
	return string(p), true
}

// Convert returns String(v). It may call into the script, and fails for a symbol.
func (v Value) Convert() (string, error) {
	e := v.engine()
	n := e.tls.Alloc(8)
	defer e.tls.Free(8)
	text := js.XJS_ToCStringLen2(e.tls, e.ctx, n, v.v, 0)
	if text == 0 {
		v.s.reraise()
		return "", v.s.exception()
	}
	defer js.XJS_FreeCString(e.tls, e.ctx, text)
	return string(bytesAt(text, int(*pointerAt[js.Size_t](n)))), nil
}

// Get returns v[name]. It may call a getter of the script.
func (v Value) Get(name string) (Value, error) {
	e := v.engine()
	text := lend(e, name)
	defer e.takeBack(text)
	return v.s.made(js.XJS_GetPropertyStr(e.tls, e.ctx, v.v, text.address))
}

// Index returns v[i]. It may call a getter of the script.
func (v Value) Index(i int) (Value, error) {
	e := v.engine()
	return v.s.made(js.XJS_GetPropertyUint32(e.tls, e.ctx, v.v, uint32(i)))
}

// Len returns v.length as an integer. It may call a getter of the script.
func (v Value) Len() (int, error) {
	n, err := v.Get("length")
	if err != nil {
		return 0, err
	}
	return int(n.Int()), nil
}

// Set sets v[name]. It may call a setter of the script.
func (v Value) Set(name string, to Value) error {
	e := v.engine()
	text := lend(e, name)
	defer e.takeBack(text)
	return v.s.resultError(js.XJS_SetPropertyStr(e.tls, e.ctx, v.v, text.address, js.XDupValue(e.tls, e.ctx, e.rawValue(to))))
}

// Hide defines a property that is not enumerable.
func (v Value) Hide(name string, to Value) error {
	e := v.engine()
	text := lend(e, name)
	defer e.takeBack(text)
	value := js.XDupValue(e.tls, e.ctx, e.rawValue(to))
	return v.s.resultError(js.XJS_DefinePropertyValueStr(e.tls, e.ctx, v.v, text.address, value, js.MJS_PROP_CONFIGURABLE|js.MJS_PROP_WRITABLE))
}

// resultError returns the error of a call of the engine, which returns a negative number if there
// is an exception.
func (s *Scope) resultError(n int32) error {
	s.reraise()
	if n < 0 {
		return s.exception()
	}
	return nil
}

// Keys returns the names of an object's enumerable own properties, without symbols.
func (v Value) Keys() ([]string, error) {
	e := v.engine()
	memory := e.tls.Alloc(16)
	defer e.tls.Free(16)
	flags := int32(js.MJS_GPN_STRING_MASK | js.MJS_GPN_ENUM_ONLY)
	if err := v.s.resultError(js.XJS_GetOwnPropertyNames(e.tls, e.ctx, memory, memory+8, v.v, flags)); err != nil {
		return nil, err
	}
	list, n := *pointerAt[uintptr](memory), *pointerAt[uint32](memory + 8)
	defer js.XJS_FreePropertyEnum(e.tls, e.ctx, list, n)
	names := make([]string, n)
	for i := range names {
		atom := pointerAt[js.TJSPropertyEnum](list + uintptr(i)*propertySize).Fatom
		names[i] = v.s.must(js.XJS_AtomToString(e.tls, e.ctx, atom)).Text()
	}
	return names, nil
}

// Call calls a function. Its error is a [*Exception], or that of an interruption.
func (v Value) Call(this Value, args ...Value) (Value, error) {
	e := v.engine()
	if err := v.s.interruption(); err != nil {
		return v.s.Undefined(), err
	}
	argv := e.arguments(args)
	if argv != 0 {
		defer e.tls.Free(len(args) * valueSize)
	}
	return v.s.made(js.XJS_Call(e.tls, e.ctx, v.v, e.rawValue(this), int32(len(args)), argv))
}

// New calls a constructor. Its errors are those of Call.
func (v Value) New(args ...Value) (Value, error) {
	e := v.engine()
	if err := v.s.interruption(); err != nil {
		return v.s.Undefined(), err
	}
	argv := e.arguments(args)
	if argv != 0 {
		defer e.tls.Free(len(args) * valueSize)
	}
	return v.s.made(js.XJS_CallConstructor(e.tls, e.ctx, v.v, int32(len(args)), argv))
}

// Invoke calls the method v[name].
func (v Value) Invoke(name string, args ...Value) (Value, error) {
	method, err := v.Get(name)
	if err != nil {
		return v.s.Undefined(), err
	}
	return method.Call(v, args...)
}
