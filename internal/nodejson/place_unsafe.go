package nodejson

import (
	"reflect"
	"time"
	"unsafe"
)

// A place is where a value is in memory. Its type is one that a plan knows, and the plan says which
// of the methods below fit. With reflect each field would cost a Value, checks of what may be done
// with it, and finding its kind again, which takes longer than to read most numbers. Work that is
// not done for each field is left to reflect, see value.
//
// A place is never outside of the variable that it was made from, because offsets and sizes come
// from reflect. It keeps that variable alive, as every pointer does.
type place struct{ at unsafe.Pointer }

// placeOf returns the place of v, which must be addressable.
func placeOf(v reflect.Value) place { return place{unsafe.Pointer(v.UnsafeAddr())} }

// targetOf returns the place that the pointer v points to.
func targetOf(v reflect.Value) place { return place{v.UnsafePointer()} }

// value returns the value there, of type t, as a settable reflect.Value.
func (m place) value(t reflect.Type) reflect.Value { return reflect.NewAt(t, m.at).Elem() }

// field returns the place offset bytes further on: a field, or an element.
func (m place) field(offset uintptr) place { return place{unsafe.Add(m.at, offset)} }

// The values of plans' kinds without other values inside. The names of their types do not matter.

func (m place) bool() *bool       { return (*bool)(m.at) }
func (m place) float32() *float32 { return (*float32)(m.at) }
func (m place) float64() *float64 { return (*float64)(m.at) }
func (m place) text() *string     { return (*string)(m.at) }
func (m place) bytes() *[]byte    { return (*[]byte)(m.at) }
func (m place) time() *time.Time  { return (*time.Time)(m.at) }
func (m place) any() *any         { return (*any)(m.at) }

// object is for asObject.
func (m place) object() *map[string]any { return (*map[string]any)(m.at) }

// int returns the signed integer of size bytes.
func (m place) int(size uintptr) int64 {
	switch size {
	case 1:
		return int64(*(*int8)(m.at))
	case 2:
		return int64(*(*int16)(m.at))
	case 4:
		return int64(*(*int32)(m.at))
	}
	return *(*int64)(m.at)
}

// uint returns the unsigned integer of size bytes.
func (m place) uint(size uintptr) uint64 {
	switch size {
	case 1:
		return uint64(*(*uint8)(m.at))
	case 2:
		return uint64(*(*uint16)(m.at))
	case 4:
		return uint64(*(*uint32)(m.at))
	}
	return *(*uint64)(m.at)
}

// setInteger stores the lowest bits of x as an integer of size bytes, signed or not.
func (m place) setInteger(size uintptr, x uint64) {
	switch size {
	case 1:
		*(*uint8)(m.at) = uint8(x)
	case 2:
		*(*uint16)(m.at) = uint16(x)
	case 4:
		*(*uint32)(m.at) = uint32(x)
	default:
		*(*uint64)(m.at) = x
	}
}

// target returns the place that a pointer points to, and false if it is nil.
func (m place) target() (to place, ok bool) {
	p := *(*unsafe.Pointer)(m.at)
	return place{p}, p != nil
}

// setTarget sets the pointer to another place, of a variable of its type.
func (m place) setTarget(to place) { *(*unsafe.Pointer)(m.at) = to.at }

// list returns the place of the first element of a slice, and the number of elements.
func (m place) list() (first place, n int) {
	s := *(*[]byte)(m.at) // All slices have the same form.
	return place{unsafe.Pointer(unsafe.SliceData(s))}, len(s)
}

// isNil reports whether a pointer, slice or map is nil: the first word of each is a pointer.
func (m place) isNil() bool { return *(*unsafe.Pointer)(m.at) == nil }

// identity distinguishes the place from others in use.
func (m place) identity() uintptr { return uintptr(m.at) }
