package reactor

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// threadID is thr_self(2). It stores a C long, which is as wide as Go's int.
func threadID() uint64 {
	var id int
	// It cannot fail.
	_, _, _ = unix.RawSyscall(unix.SYS_THR_SELF, uintptr(unsafe.Pointer(&id)), 0, 0)
	return uint64(id)
}
