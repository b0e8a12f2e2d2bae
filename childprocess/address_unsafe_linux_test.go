package childprocess_test

import "unsafe"

// addressOf returns the address of n, for a system call that writes to it.
func addressOf(n *int32) uintptr { return uintptr(unsafe.Pointer(n)) }
