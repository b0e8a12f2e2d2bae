package streams

import "unsafe"

// bytesOf views s as bytes, which must only be read.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
