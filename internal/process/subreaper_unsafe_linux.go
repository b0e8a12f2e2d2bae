package process

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// subreaper reports whether this program is a subreaper (Linux 3.4).
func subreaper() (bool, error) {
	var is int32
	err := unix.Prctl(unix.PR_GET_CHILD_SUBREAPER, uintptr(unsafe.Pointer(&is)), 0, 0, 0)
	return is != 0, err
}
