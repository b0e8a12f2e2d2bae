package childprocess_test

import "unsafe"

// addressOf is for a system call that writes to n.
func addressOf(n *int32) uintptr { return uintptr(unsafe.Pointer(n)) }
