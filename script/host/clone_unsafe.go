package host

import "unsafe"

// bytesOf returns the memory of list, without copying it.
func bytesOf[T numeric](list []T) []byte {
	if len(list) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(list))), len(list)*elementSize[T]())
}

// elementSize returns the size of a number in bytes.
func elementSize[T numeric]() int { return int(unsafe.Sizeof(*new(T))) }
