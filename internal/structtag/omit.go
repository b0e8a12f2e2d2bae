package structtag

import "reflect"

// Omits reports whether a field with the value v is left out of the message.
func (f *Field) Omits(v reflect.Value) bool {
	return f.Tag.OmitEmpty && isEmpty(v) || f.Tag.OmitZero && f.isZero(v)
}

// isEmpty is the test of omitempty.
func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}

// zeroer is a type with its own test of zero.
type zeroer interface{ IsZero() bool }

var zeroerType = reflect.TypeFor[zeroer]()

// zeroTest returns the test of omitzero for values of type t: the method IsZero of t or of a
// pointer to t, else reflect.Value.IsZero. If t is an interface without IsZero, that of the value
// in it does not count.
func zeroTest(t reflect.Type) func(reflect.Value) bool {
	byValue := t.Implements(zeroerType)
	switch {
	case byValue && t.Kind() == reflect.Interface:
		return func(v reflect.Value) bool {
			return v.IsNil() || v.Elem().Kind() == reflect.Pointer && v.Elem().IsNil() || v.Interface().(zeroer).IsZero()
		}
	case byValue && t.Kind() == reflect.Pointer:
		return func(v reflect.Value) bool { return v.IsNil() || v.Interface().(zeroer).IsZero() }
	case byValue || reflect.PointerTo(t).Implements(zeroerType):
		return func(v reflect.Value) bool {
			if !v.CanAddr() {
				there := reflect.New(t).Elem()
				there.Set(v)
				v = there
			}
			// A pointer also has the methods of the value.
			return v.Addr().Interface().(zeroer).IsZero()
		}
	}
	return reflect.Value.IsZero
}
