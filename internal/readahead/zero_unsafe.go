package readahead

import (
	"bytes"
	"reflect"
	"unsafe"
)

// zeros is as long as what isZero compares with it.
var zeros [1024]byte

// isZero reports whether v, which must be addressable, is zero. Of a struct, [reflect.Value.IsZero]
// asks each field, which takes longer than to read a small message; mostly all bytes of the
// variable are zero, and one comparison tells that.
func isZero(v reflect.Value) bool {
	size := v.Type().Size()
	if size <= uintptr(len(zeros)) && bytes.Equal(unsafe.Slice((*byte)(unsafe.Pointer(v.UnsafeAddr())), size), zeros[:size]) {
		return true
	}
	return v.IsZero()
}
