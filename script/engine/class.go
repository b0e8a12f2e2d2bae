package engine

import (
	js "modernc.org/libquickjs"
)

// Class is what an object was made as, whatever its prototype says.
type Class int

// The classes that matter to who looks at values from outside. The typed arrays are in one row.
const (
	ClassObject                 = Class(js.EJS_CLASS_OBJECT)
	ClassArray                  = Class(js.EJS_CLASS_ARRAY)
	ClassError                  = Class(js.EJS_CLASS_ERROR)
	ClassNumber                 = Class(js.EJS_CLASS_NUMBER)
	ClassString                 = Class(js.EJS_CLASS_STRING)
	ClassBoolean                = Class(js.EJS_CLASS_BOOLEAN)
	ClassSymbol                 = Class(js.EJS_CLASS_SYMBOL)
	ClassArguments              = Class(js.EJS_CLASS_ARGUMENTS)
	ClassMappedArguments        = Class(js.EJS_CLASS_MAPPED_ARGUMENTS)
	ClassDate                   = Class(js.EJS_CLASS_DATE)
	ClassModuleNamespace        = Class(js.EJS_CLASS_MODULE_NS)
	ClassRegExp                 = Class(js.EJS_CLASS_REGEXP)
	ClassArrayBuffer            = Class(js.EJS_CLASS_ARRAY_BUFFER)
	ClassSharedArrayBuffer      = Class(js.EJS_CLASS_SHARED_ARRAY_BUFFER)
	ClassUint8ClampedArray      = Class(js.EJS_CLASS_UINT8C_ARRAY) // the first of the typed arrays
	ClassInt8Array              = Class(js.EJS_CLASS_INT8_ARRAY)
	ClassUint8Array             = Class(js.EJS_CLASS_UINT8_ARRAY)
	ClassInt16Array             = Class(js.EJS_CLASS_INT16_ARRAY)
	ClassUint16Array            = Class(js.EJS_CLASS_UINT16_ARRAY)
	ClassInt32Array             = Class(js.EJS_CLASS_INT32_ARRAY)
	ClassUint32Array            = Class(js.EJS_CLASS_UINT32_ARRAY)
	ClassBigInt64Array          = Class(js.EJS_CLASS_BIG_INT64_ARRAY)
	ClassBigUint64Array         = Class(js.EJS_CLASS_BIG_UINT64_ARRAY)
	ClassFloat16Array           = Class(js.EJS_CLASS_FLOAT16_ARRAY)
	ClassFloat32Array           = Class(js.EJS_CLASS_FLOAT32_ARRAY)
	ClassFloat64Array           = Class(js.EJS_CLASS_FLOAT64_ARRAY) // the last of them
	ClassDataView               = Class(js.EJS_CLASS_DATAVIEW)
	ClassBigInt                 = Class(js.EJS_CLASS_BIG_INT)
	ClassMap                    = Class(js.EJS_CLASS_MAP)
	ClassSet                    = Class(js.EJS_CLASS_SET)
	ClassWeakMap                = Class(js.EJS_CLASS_WEAKMAP)
	ClassWeakSet                = Class(js.EJS_CLASS_WEAKSET)
	ClassMapIterator            = Class(js.EJS_CLASS_MAP_ITERATOR)
	ClassSetIterator            = Class(js.EJS_CLASS_SET_ITERATOR)
	ClassGenerator              = Class(js.EJS_CLASS_GENERATOR)
	ClassProxy                  = Class(js.EJS_CLASS_PROXY)
	ClassPromise                = Class(js.EJS_CLASS_PROMISE)
	ClassNativeFunction         = Class(js.EJS_CLASS_C_FUNCTION)
	ClassBytecodeFunction       = Class(js.EJS_CLASS_BYTECODE_FUNCTION)
	ClassBoundFunction          = Class(js.EJS_CLASS_BOUND_FUNCTION)
	ClassGeneratorFunction      = Class(js.EJS_CLASS_GENERATOR_FUNCTION)
	ClassAsyncFunction          = Class(js.EJS_CLASS_ASYNC_FUNCTION)
	ClassAsyncGeneratorFunction = Class(js.EJS_CLASS_ASYNC_GENERATOR_FUNCTION)
	ClassAsyncGenerator         = Class(js.EJS_CLASS_ASYNC_GENERATOR)
	ClassWeakRef                = Class(js.EJS_CLASS_WEAK_REF)
)

// ClassNative is the class of what [Scope.Native] makes.
var ClassNative = Class(nativeClass)

// Class returns an object's class, and 0 for what is no object.
func (v Value) Class() Class {
	if v.v.Ftag != js.EJS_TAG_OBJECT {
		return 0
	}
	return Class(js.XJS_GetClassID(v.engine().tls, v.v))
}

// IsTypedArray reports whether it is a Uint8Array or one of its kin.
func (v Value) IsTypedArray() bool {
	c := v.Class()
	return ClassUint8ClampedArray <= c && c <= ClassFloat64Array
}

// Bytes returns the memory of an ArrayBuffer, a typed array or a DataView, without copying it. It
// is good until JavaScript runs again, or the scope ends: a script may detach or resize its buffer.
// ok says whether v is one of these; one that is detached has no bytes.
func (v Value) Bytes() (b []byte, ok bool) {
	switch c := v.Class(); {
	case c == ClassArrayBuffer || c == ClassSharedArrayBuffer:
		return v.buffer(), true
	case c == ClassDataView:
		return v.dataView()
	case !v.IsTypedArray():
		return nil, false
	}
	e := v.engine()
	memory := e.tls.Alloc(16)
	defer e.tls.Free(16)
	buffer, err := v.s.made(js.XJS_GetTypedArrayBuffer(e.tls, e.ctx, v.v, memory, memory+8, 0))
	if err != nil {
		return nil, true // Its buffer has become too short for it.
	}
	return slicePart(buffer.buffer(), int(*pointerAt[js.Size_t](memory)), int(*pointerAt[js.Size_t](memory + 8))), true
}

// buffer returns the memory of an ArrayBuffer.
func (v Value) buffer() []byte {
	e := v.engine()
	size := e.tls.Alloc(8)
	defer e.tls.Free(8)
	from := js.XJS_GetArrayBuffer(e.tls, e.ctx, size, v.v)
	if from == 0 {
		v.s.dropException()
		return nil
	}
	return bytesAt(from, int(*pointerAt[js.Size_t](size)))
}

// dataView is Bytes of a DataView, of which the engine tells nothing but what a script sees.
func (v Value) dataView() ([]byte, bool) {
	buffer, err := v.Get("buffer")
	if err != nil {
		return nil, false
	}
	offset, err := v.Get("byteOffset")
	if err != nil {
		return nil, false
	}
	length, err := v.Get("byteLength")
	if c := buffer.Class(); err != nil || c != ClassArrayBuffer && c != ClassSharedArrayBuffer {
		return nil, false
	}
	return slicePart(buffer.buffer(), int(offset.Int()), int(length.Int())), true
}

func slicePart(b []byte, offset, length int) []byte {
	if offset < 0 || length < 0 || offset > len(b) || length > len(b)-offset {
		return nil
	}
	return b[offset : offset+length]
}

// PromiseState is what has become of a promise.
type PromiseState int

// The states of promises.
const (
	NoPromise PromiseState = iota - 1
	Pending
	Fulfilled
	Rejected
)

// Promise returns what has become of a promise, with the value or the reason once it is settled.
func (v Value) Promise() (PromiseState, Value) {
	if v.Class() != ClassPromise {
		return NoPromise, v.s.Undefined()
	}
	e := v.engine()
	return PromiseState(js.XJS_PromiseState(e.tls, e.ctx, v.v)), v.s.own(js.XJS_PromiseResult(e.tls, e.ctx, v.v))
}
