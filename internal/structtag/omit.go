package structtag

import "reflect"

// Omits reports whether a field with the value v is left out.
func (f *Field) Omits(v reflect.Value) bool {
	return f.Tag.OmitEmpty && isEmpty(v) || f.Tag.OmitZero && f.isZero(v)
}

// isEmpty is what omitempty asks for.
func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}

// zeroer is what knows best whether it is zero.
type zeroer interface{ IsZero() bool }

var zeroerType = reflect.TypeFor[zeroer]()

// zeroTest returns what omitzero asks of values of type t: their method IsZero, if the type itself
// or a pointer to it has one, and never that of what lies in an interface without it.
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
