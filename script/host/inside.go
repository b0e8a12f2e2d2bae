package host

import (
	"bytes"
	"sync"

	"github.com/brood-go/brood/script/engine"
)

// classNames are the language's names of the classes that the library distinguishes.
var classNames = sync.OnceValue(func() map[engine.Class]string {
	return map[engine.Class]string{
		engine.ClassObject: "Object", engine.ClassArray: "Array", engine.ClassError: "Error", engine.ClassNumber: "Number", engine.ClassString: "String",
		engine.ClassBoolean: "Boolean", engine.ClassSymbol: "Symbol", engine.ClassArguments: "Arguments", engine.ClassMappedArguments: "MappedArguments",
		engine.ClassDate: "Date", engine.ClassModuleNamespace: "Module", engine.ClassRegExp: "RegExp", engine.ClassArrayBuffer: "ArrayBuffer",
		engine.ClassSharedArrayBuffer: "SharedArrayBuffer", engine.ClassUint8ClampedArray: "Uint8ClampedArray", engine.ClassInt8Array: "Int8Array",
		engine.ClassUint8Array: "Uint8Array", engine.ClassInt16Array: "Int16Array", engine.ClassUint16Array: "Uint16Array",
		engine.ClassInt32Array: "Int32Array", engine.ClassUint32Array: "Uint32Array", engine.ClassBigInt64Array: "BigInt64Array",
		engine.ClassBigUint64Array: "BigUint64Array", engine.ClassFloat16Array: "Float16Array", engine.ClassFloat32Array: "Float32Array",
		engine.ClassFloat64Array: "Float64Array", engine.ClassDataView: "DataView", engine.ClassBigInt: "BigInt", engine.ClassMap: "Map",
		engine.ClassSet: "Set", engine.ClassWeakMap: "WeakMap", engine.ClassWeakSet: "WeakSet", engine.ClassMapIterator: "MapIterator",
		engine.ClassSetIterator: "SetIterator", engine.ClassGenerator: "Generator", engine.ClassProxy: "Proxy", engine.ClassPromise: "Promise",
		engine.ClassGeneratorFunction: "GeneratorFunction", engine.ClassAsyncFunction: "AsyncFunction", engine.ClassWeakRef: "WeakRef",
		engine.ClassAsyncGeneratorFunction: "AsyncGeneratorFunction", engine.ClassAsyncGenerator: "AsyncGenerator",
		engine.ClassNative:           "External",
		engine.ClassBytecodeFunction: "BytecodeFunction", engine.ClassNativeFunction: "NativeFunction", engine.ClassBoundFunction: "BoundFunction",
	}
})

// bindInside gives the library the internals of values: classes, proxies, promises and iterators.
func bindInside(b *builder) {
	classes := b.s.Object()
	for class, name := range classNames() {
		if err := classes.Set(name, b.s.Int(int64(class))); err != nil {
			b.err = err
		}
	}
	b.value("classes", classes)
	b.fn("classOf", func(c *engine.Call) (engine.Value, error) { return c.Int(int64(c.Arg(0).Class())), nil })
	b.fn("proxy", func(c *engine.Call) (engine.Value, error) {
		target, handler, ok := c.Arg(0).Proxy()
		if !ok {
			return c.Undefined(), nil
		}
		return c.Array(target, handler), nil
	})
	b.fn("external", func(c *engine.Call) (engine.Value, error) { return c.Native(c.Null(), nil), nil })
	b.fn("promise", func(c *engine.Call) (engine.Value, error) {
		state, result := c.Arg(0).Promise()
		return c.Array(c.Int(int64(state)), result), nil
	})
	// sameBytes(a, b) compares the memory of two buffers or views.
	b.fn("sameBytes", func(c *engine.Call) (engine.Value, error) {
		x, _ := c.Arg(0).Bytes()
		y, _ := c.Arg(1).Bytes()
		return c.Bool(bytes.Equal(x, y)), nil
	})
	// entries(of, most) returns [entries, pairs]: the remaining entries, and whether keys and
	// values alternate in them.
	b.fn("entries", func(c *engine.Call) (engine.Value, error) {
		entries, pairs, ok := c.Arg(0).Entries(int(c.Arg(1).Int()))
		if !ok {
			return c.Undefined(), nil
		}
		return c.Array(c.Array(entries...), c.Bool(pairs)), nil
	})
	b.fn("ownKeys", func(c *engine.Call) (engine.Value, error) {
		return c.Array(c.Arg(0).OwnKeys(c.Arg(1).Bool())...), nil
	})
}

// bindJobs gives the library the numbers of promise reactions, see [engine.Engine.Queued].
func bindJobs(b *builder) {
	e := b.h.engine
	b.fn("queued", func(c *engine.Call) (engine.Value, error) { return c.Int(e.Queued()), nil })
	b.fn("watch", func(c *engine.Call) (engine.Value, error) {
		fn := c.Arg(0).Keep()
		e.BeforeJob(func(s *engine.Scope, number int64) error {
			_, err := s.Kept(fn).Call(s.Undefined(), s.Int(number))
			return err
		})
		return c.Undefined(), nil
	})
}
