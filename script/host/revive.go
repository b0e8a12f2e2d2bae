package host

import (
	"math"
	"math/big"
	"reflect"
	"time"

	"github.com/brood-go/brood/ipc/v8"
	"github.com/brood-go/brood/script/engine"
)

// reviver makes values of the engine from those that package v8 has read.
type reviver struct {
	s      *engine.Scope
	h      *Host
	buffer engine.Value         // Buffer.prototype
	seen   map[any]engine.Value // made objects, by identity
}

// revive returns the value of a message that package v8 has read.
func (h *Host) revive(s *engine.Scope, v any) (engine.Value, error) {
	r := &reviver{s: s, h: h, buffer: h.hook(s, "Buffer.prototype"), seen: map[any]engine.Value{}}
	return r.value(v)
}

func (r *reviver) value(v any) (engine.Value, error) {
	s := r.s
	switch v := v.(type) {
	case nil:
		return s.Null(), nil
	case bool:
		return s.Bool(v), nil
	case int:
		return s.Int(int64(v)), nil
	case float64:
		return s.Float(v), nil
	case string:
		return s.String(v), nil
	case *big.Int:
		return r.construct("BigInt", false, s.String(v.String()))
	case time.Time:
		return r.construct("Date", true, s.Float(float64(v.UnixMilli())))
	case v8.Singleton:
		if v == v8.InvalidDate {
			return r.construct("Date", true, s.Float(math.NaN()))
		}
		return s.Undefined(), nil
	}
	id := identity(v)
	if made, ok := r.seen[id]; ok && id != nil {
		return made, nil
	}
	return r.object(v, func(made engine.Value) engine.Value {
		if id != nil {
			r.seen[id] = made
		}
		return made
	})
}

// sliceID identifies a slice.
type sliceID struct {
	first uintptr
	n     int
}

// identity returns the key by which an object of package v8 is recognised when it occurs again, nil
// if it has none.
func identity(v any) any {
	switch p := reflect.ValueOf(v); p.Kind() {
	case reflect.Pointer:
		return v
	case reflect.Slice:
		if p.Len() > 0 {
			return sliceID{p.Pointer(), p.Len()}
		}
	}
	return nil
}

// construct calls a constructor of the language, or, unless isNew, a function.
func (r *reviver) construct(class string, isNew bool, args ...engine.Value) (engine.Value, error) {
	f, err := r.s.Global().Get(class)
	if err != nil {
		return f, err
	}
	if isNew {
		return f.New(args...)
	}
	return f.Call(r.s.Undefined(), args...)
}

// object makes an object. It calls remember with the object before it makes the contents, which may
// refer to the object.
func (r *reviver) object(v any, remember func(engine.Value) engine.Value) (engine.Value, error) {
	s := r.s
	switch v := v.(type) {
	case *v8.Object:
		o := remember(s.Object())
		return o, r.fill(o, v)
	case []any:
		a := remember(s.Array())
		for i, element := range v {
			if err := r.element(a, uint32(i), element); err != nil {
				return a, err
			}
		}
		return a, nil
	case *v8.Array:
		return r.array(v, remember(s.Array()))
	case *v8.Map:
		return r.collection("Map", v, remember)
	case *v8.Set:
		return r.collection("Set", v, remember)
	case *v8.Error:
		return r.error(v, remember)
	case *v8.RegExp:
		made, err := r.construct("RegExp", true, s.String(v.Source), s.String(v.Flags))
		return remember(made), err
	case *v8.Boxed:
		inner, err := r.value(v.Value)
		if err != nil {
			return inner, err
		}
		made, err := r.construct("Object", false, inner)
		return remember(made), err
	case *v8.ArrayBuffer:
		return remember(s.ArrayBuffer(v.Data)), nil
	}
	made, err := r.view(v)
	return remember(made), err
}

func (r *reviver) fill(o engine.Value, from *v8.Object) error {
	for name, value := range from.All() {
		p, err := r.value(value)
		if err == nil {
			err = o.Define(name, p)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *reviver) element(a engine.Value, i uint32, value any) error {
	p, err := r.value(value)
	if err != nil {
		return err
	}
	return a.DefineIndex(i, p)
}

func (r *reviver) array(v *v8.Array, a engine.Value) (engine.Value, error) {
	if err := a.Set("length", r.s.Int(int64(v.Length))); err != nil {
		return a, err
	}
	for i, value := range v.All() {
		if err := r.element(a, i, value); err != nil {
			return a, err
		}
	}
	return a, r.fill(a, &v.Extra)
}

// collection makes a Map or a Set by its own methods.
func (r *reviver) collection(class string, v any, remember func(engine.Value) engine.Value) (engine.Value, error) {
	made, err := r.construct(class, true)
	if err != nil {
		return made, err
	}
	remember(made)
	add := func(method string, parts ...any) error {
		args := make([]engine.Value, len(parts))
		for i, part := range parts {
			if args[i], err = r.value(part); err != nil {
				return err
			}
		}
		_, err := made.Invoke(method, args...)
		return err
	}
	switch v := v.(type) {
	case *v8.Map:
		for _, e := range v.Entries {
			if err := add("set", e.Key, e.Value); err != nil {
				return made, err
			}
		}
	case *v8.Set:
		for _, value := range v.Values {
			if err := add("add", value); err != nil {
				return made, err
			}
		}
	}
	return made, nil
}

func (r *reviver) error(v *v8.Error, remember func(engine.Value) engine.Value) (engine.Value, error) {
	made := remember(r.h.newError(r.s, v.Name, v.Message))
	if v.Stack != "" {
		if err := made.Hide("stack", r.s.String(v.Stack)); err != nil {
			return made, err
		}
	}
	if v.Cause == nil {
		return made, nil
	}
	cause, err := r.value(v.Cause)
	if err != nil {
		return made, err
	}
	return made, made.Hide("cause", cause)
}

// view makes a typed array, a DataView or a Buffer.
func (r *reviver) view(v any) (engine.Value, error) {
	switch v := v.(type) {
	case []byte:
		made := r.s.Uint8Array(v)
		return made, made.SetPrototype(r.buffer)
	case v8.Uint8Array:
		return r.s.Uint8Array(v), nil
	case v8.Uint8ClampedArray:
		return r.typed("Uint8ClampedArray", v)
	case v8.Int8Array:
		return r.typed("Int8Array", bytesOf(v))
	case v8.Int16Array:
		return r.typed("Int16Array", bytesOf(v))
	case v8.Uint16Array:
		return r.typed("Uint16Array", bytesOf(v))
	case v8.Int32Array:
		return r.typed("Int32Array", bytesOf(v))
	case v8.Uint32Array:
		return r.typed("Uint32Array", bytesOf(v))
	case v8.BigInt64Array:
		return r.typed("BigInt64Array", bytesOf(v))
	case v8.BigUint64Array:
		return r.typed("BigUint64Array", bytesOf(v))
	case v8.Float16Array:
		return r.typed("Float16Array", bytesOf(v))
	case v8.Float32Array:
		return r.typed("Float32Array", bytesOf(v))
	case v8.Float64Array:
		return r.typed("Float64Array", bytesOf(v))
	case v8.DataView:
		return r.typed("DataView", v)
	case *v8.UnknownView:
		return r.s.Uint8Array(v.Data), nil
	}
	return r.s.Undefined(), nil // Unreachable: package v8 reads nothing else.
}

func (r *reviver) typed(class string, b []byte) (engine.Value, error) {
	return r.construct(class, true, r.s.ArrayBuffer(b))
}
