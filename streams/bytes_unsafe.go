package streams

import "unsafe"

// bytesOf returns the bytes of s without a copy. The caller must not write to them.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
