package engine

import (
	js "modernc.org/libquickjs"
)

// Class is the kind of object that a value was made as, whatever its prototype is.
type Class int

// The classes that code outside the engine distinguishes. The typed arrays are consecutive.
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

// ClassNative is the class of objects made by [Scope.Native].
var ClassNative = Class(nativeClass)

// Class returns an object's class, 0 if v is no object.
func (v Value) Class() Class {
	if v.v.Ftag != js.EJS_TAG_OBJECT {
		return 0
	}
	return Class(js.XJS_GetClassID(v.engine().tls, v.v))
}

// IsTypedArray reports whether v is a Uint8Array or another typed array.
func (v Value) IsTypedArray() bool {
	c := v.Class()
	return ClassUint8ClampedArray <= c && c <= ClassFloat64Array
}

// Bytes returns the memory of an ArrayBuffer, a typed array or a DataView, without copying it. b is
// valid until JavaScript runs again or the scope ends, because a script may detach or resize the
// buffer. ok reports whether v is one of these; b is nil if its buffer is detached.
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
		return nil, true // The buffer was resized and is too short.
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

// dataView is Bytes for a DataView. The engine gives access only to its properties, as a script
// sees them.
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

// PromiseState is the state of a promise.
type PromiseState int

// The states of promises.
const (
	NoPromise PromiseState = iota - 1
	Pending
	Fulfilled
	Rejected
)

// Promise returns the state of a promise and, once it is settled, the value or the reason. The
// state is NoPromise if v is no promise.
func (v Value) Promise() (PromiseState, Value) {
	if v.Class() != ClassPromise {
		return NoPromise, v.s.Undefined()
	}
	e := v.engine()
	return PromiseState(js.XJS_PromiseState(e.tls, e.ctx, v.v)), v.s.own(js.XJS_PromiseResult(e.tls, e.ctx, v.v))
}
