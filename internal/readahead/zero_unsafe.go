package readahead

import (
	"bytes"
	"reflect"
	"unsafe"
)

// zeros has the bytes that isZero compares a variable with.
var zeros [1024]byte

// isZero reports whether v, which must be addressable, is zero. [reflect.Value.IsZero] asks each
// field of a struct, which takes longer than decoding a small message. Mostly all bytes of the
// variable are zero, and one comparison shows that.
func isZero(v reflect.Value) bool {
	size := v.Type().Size()
	if size <= uintptr(len(zeros)) && bytes.Equal(unsafe.Slice((*byte)(unsafe.Pointer(v.UnsafeAddr())), size), zeros[:size]) {
		return true
	}
	return v.IsZero()
}
