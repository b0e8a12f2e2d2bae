package readahead

import (
	"bytes"
	"reflect"
	"unsafe"
)

// zeros is compared with the variable in isZero. It bounds the size that is compared so.
var zeros [1024]byte

// isZero reports whether v, which must be addressable, is zero. [reflect.Value.IsZero] checks each
// field of a struct, which takes longer than to read a small message. Mostly all bytes of the
// variable are zero, and one comparison finds that.
func isZero(v reflect.Value) bool {
	size := v.Type().Size()
	if size <= uintptr(len(zeros)) && bytes.Equal(unsafe.Slice((*byte)(unsafe.Pointer(v.UnsafeAddr())), size), zeros[:size]) {
		return true
	}
	return v.IsZero()
}
