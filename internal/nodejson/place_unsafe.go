package nodejson

import (
	"reflect"
	"time"
	"unsafe"
)

// A place is the address of a value whose type has a plan; the plan says which of the methods below
// fit. With reflect, each field costs a Value, checks of the permitted operations and a look at its
// kind, which takes longer than reading most numbers. Operations that are not done for each field
// are left to reflect, see value.
//
// A place lies inside the variable from which it was made, whose offsets and sizes come from
// reflect, and keeps that variable alive, as every pointer does.
type place struct{ at unsafe.Pointer }

// placeOf returns the place of v, which must be addressable.
func placeOf(v reflect.Value) place { return place{unsafe.Pointer(v.UnsafeAddr())} }

// targetOf returns the place to which the pointer v points.
func targetOf(v reflect.Value) place { return place{v.UnsafePointer()} }

// value returns the value at m as one of type t, which can be set.
func (m place) value(t reflect.Type) reflect.Value { return reflect.NewAt(t, m.at).Elem() }

// field returns the place of a field or an element, offset bytes further on.
func (m place) field(offset uintptr) place { return place{unsafe.Add(m.at, offset)} }

// Pointers to the value at m, for the kinds of plans without other values inside. The name of its
// type does not matter.

func (m place) bool() *bool       { return (*bool)(m.at) }
func (m place) float32() *float32 { return (*float32)(m.at) }
func (m place) float64() *float64 { return (*float64)(m.at) }
func (m place) text() *string     { return (*string)(m.at) }
func (m place) bytes() *[]byte    { return (*[]byte)(m.at) }
func (m place) time() *time.Time  { return (*time.Time)(m.at) }
func (m place) any() *any         { return (*any)(m.at) }

// object returns a pointer to the map of asObject.
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

// target returns the place to which the pointer at m points, and false if it is nil.
func (m place) target() (to place, ok bool) {
	p := *(*unsafe.Pointer)(m.at)
	return place{p}, p != nil
}

// setTarget sets the pointer at m to a variable of its element type.
func (m place) setTarget(to place) { *(*unsafe.Pointer)(m.at) = to.at }

// list returns the place of the first element of the slice at m, of any type, and the number of
// elements.
func (m place) list() (first place, n int) {
	s := *(*[]byte)(m.at) // All slices have the same form.
	return place{unsafe.Pointer(unsafe.SliceData(s))}, len(s)
}

// isNil reports whether the pointer, slice or map at m is nil. The first word of each is a pointer.
func (m place) isNil() bool { return *(*unsafe.Pointer)(m.at) == nil }

// identity returns the address of the place.
func (m place) identity() uintptr { return uintptr(m.at) }
