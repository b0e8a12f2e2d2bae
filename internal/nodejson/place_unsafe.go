package nodejson

import (
	"reflect"
	"time"
	"unsafe"
)

// A place is where a value is in memory, of a type that a plan knows: the plan says which of the
// methods below fit. By way of reflect each field costs a Value, checks of what may be done with
// it, and finding its kind again, which takes longer than to read most numbers. What is not done
// once for each field is left to reflect, see value.
//
// A place is never outside of the variable that it was made of, whose offsets and sizes are those
// that reflect tells, and it keeps that variable alive, as every pointer does.
type place struct{ at unsafe.Pointer }

// placeOf returns the place of v, which must be addressable.
func placeOf(v reflect.Value) place { return place{unsafe.Pointer(v.UnsafeAddr())} }

// targetOf returns the place to which the pointer v points.
func targetOf(v reflect.Value) place { return place{v.UnsafePointer()} }

// value returns what is there as a value of type t, which can be set.
func (m place) value(t reflect.Type) reflect.Value { return reflect.NewAt(t, m.at).Elem() }

// field returns the place of what is so many bytes further on: a field, or an element.
func (m place) field(offset uintptr) place { return place{unsafe.Add(m.at, offset)} }

// The values of the kinds of plans that have no others inside. It does not matter what their types
// are called.

func (m place) bool() *bool       { return (*bool)(m.at) }
func (m place) float32() *float32 { return (*float32)(m.at) }
func (m place) float64() *float64 { return (*float64)(m.at) }
func (m place) text() *string     { return (*string)(m.at) }
func (m place) bytes() *[]byte    { return (*[]byte)(m.at) }
func (m place) time() *time.Time  { return (*time.Time)(m.at) }
func (m place) any() *any         { return (*any)(m.at) }

// object is the value of asObject.
func (m place) object() *map[string]any { return (*map[string]any)(m.at) }

// int returns the signed integer of so many bytes.
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

// uint is int of an unsigned one.
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

// setInteger stores the lowest bits of x as an integer of so many bytes, signed or not.
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

// target returns the place to which a pointer points, and false if it is nil.
func (m place) target() (to place, ok bool) {
	p := *(*unsafe.Pointer)(m.at)
	return place{p}, p != nil
}

// setTarget has the pointer point to another place, of a variable of the type that it is for.
func (m place) setTarget(to place) { *(*unsafe.Pointer)(m.at) = to.at }

// list returns the place of the first element of a slice, of whatever type, and how many there are.
func (m place) list() (first place, n int) {
	s := *(*[]byte)(m.at) // A slice has the same form whatever its elements are.
	return place{unsafe.Pointer(unsafe.SliceData(s))}, len(s)
}

// isNil reports whether a pointer, slice or map is nil: of all of them the first word is a pointer.
func (m place) isNil() bool { return *(*unsafe.Pointer)(m.at) == nil }

// identity tells the place from others that are in use.
func (m place) identity() uintptr { return uintptr(m.at) }
