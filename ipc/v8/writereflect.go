package v8

import (
	"encoding"
	"errors"
	"math/big"
	"reflect"
	"time"
)

// This file chooses how a value is written whose type writer.typed does not know.

// class says how values of a type are written.
type class uint8

const (
	byKind    class = iota
	asTyped         // by writer.typed
	asPointee       // by writer.typed, as a pointer
	asTime          // a Date
	asError         // an error
	asText          // as the string of MarshalText
)

// big.Int, Singleton and Float16 have no variable here, because the linker would then keep their
// methods, and with them math/big and this package's JSON, in every program that imports package
// ipc. Naming them where they are compared costs nothing.
var (
	nativeType  = reflect.TypeFor[native]()
	goErrorType = reflect.TypeFor[error]()
	textType    = reflect.TypeFor[encoding.TextMarshaler]()
	timeType    = reflect.TypeFor[time.Time]()
)

func classOf(t reflect.Type) class {
	switch {
	case t == timeType:
		return asTime
	case t.Kind() == reflect.Interface:
		return byKind // The value in it decides.
	case t == reflect.TypeFor[Singleton]() || t == reflect.TypeFor[Float16]() || t == reflect.PointerTo(reflect.TypeFor[big.Int]()) || t.Implements(nativeType):
		return asTyped
	case t == reflect.TypeFor[big.Int]() || reflect.PointerTo(t).Implements(nativeType):
		return asPointee
	case t.Kind() == reflect.Pointer && t.Elem().Kind() != reflect.Pointer && classOf(t.Elem()) != byKind:
		// A pointer type has the methods of its element type, so the element decides.
		return byKind
	case t.Implements(goErrorType):
		return asError
	case t.Implements(textType):
		return asText
	}
	return byKind
}

// nested writes a value inside another one. at is the identity of the pointer to it; zero: there is
// none.
func (w *writer) nested(v reflect.Value, at identity) error {
	if w.depth > w.limit {
		return ErrTooDeep
	}
	w.depth++
	err := w.reflected(v, at)
	w.depth--
	return err
}

// reflected is nested after the check of depth.
func (w *writer) reflected(v reflect.Value, at identity) error {
	t := v.Type()
	if t.PkgPath() == "" && t.Kind() != reflect.Pointer && t.Kind() != reflect.Struct {
		return w.kind(v, at) // It has no methods.
	}
	switch w.last.describe(t).class {
	case asTyped:
		return w.typed(v.Interface())
	case asPointee:
		return w.typed(w.pointerTo(v).Interface())
	case asTime:
		if done, err := w.ref(at); done {
			return err
		}
		return w.date(v.Interface().(time.Time))
	case asError:
		return w.goError(v, at)
	case asText:
		return w.marshalText(v)
	}
	return w.kind(v, at)
}

// pointerTo returns a pointer to v, or to a copy if v has no address.
func (w *writer) pointerTo(v reflect.Value) reflect.Value {
	if v.CanAddr() {
		return v.Addr()
	}
	p := reflect.New(v.Type())
	p.Elem().Set(v)
	w.kept = append(w.kept, p.Interface())
	return p
}

// goError writes an error of another package as a JavaScript Error.
func (w *writer) goError(v reflect.Value, at identity) error {
	if isNil(v) {
		w.tag(tagNull)
		return nil
	}
	if v.Kind() == reflect.Pointer {
		at = identify(v)
	}
	if done, err := w.ref(at); done {
		return err
	}
	id := w.ids.last()
	err := v.Interface().(error)
	e := Error{Message: err.Error()}
	e.Stack = e.Error() // JavaScript expects a string, and V8's begin like this.
	if cause := errors.Unwrap(err); cause != nil {
		w.kept = append(w.kept, cause)
		e.Cause = cause
	}
	return w.jsError(&e, id)
}

func (w *writer) marshalText(v reflect.Value) error {
	if isNil(v) {
		w.tag(tagNull)
		return nil
	}
	text, err := v.Interface().(encoding.TextMarshaler).MarshalText()
	if err != nil {
		return err
	}
	return w.text(string(text))
}

// isNil reports whether v is nil, which is null in JavaScript.
func isNil(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Map, reflect.Slice:
		return v.IsNil()
	}
	return false
}

// kind writes a value by the kind of its type.
func (w *writer) kind(v reflect.Value, at identity) error {
	switch {
	case isNil(v):
		w.tag(tagNull)
		return nil
	case v.CanInt():
		return w.int(v.Int())
	case v.CanUint():
		return w.uint(v.Uint())
	case v.CanFloat():
		w.double(v.Float())
		return nil
	}
	switch v.Kind() {
	case reflect.Bool:
		w.bool(v.Bool())
		return nil
	case reflect.String:
		return w.text(v.String())
	case reflect.Interface:
		return w.typed(v.Elem().Interface())
	case reflect.Pointer:
		return w.nested(v.Elem(), identify(v))
	case reflect.Slice:
		if isByte(v.Type().Elem()) {
			return w.buffer(v, identify(v))
		}
		return w.elements(v, identify(v))
	case reflect.Array:
		if isByte(v.Type().Elem()) {
			return w.buffer(v, at)
		}
		return w.elements(v, at)
	case reflect.Map:
		if m, ok := v.Interface().(map[string]any); ok {
			return w.stringMap(m)
		}
		return w.mapping(v)
	case reflect.Struct:
		return w.structure(v, at)
	}
	return &UnsupportedTypeError{Type: v.Type()}
}
