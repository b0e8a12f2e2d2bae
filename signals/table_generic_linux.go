//go:build !mips && !mipsle && !mips64 && !mips64le

package signals

import "golang.org/x/sys/unix"

// _NSIG of the kernel's include/uapi/asm-generic/signal.h.
const (
	maxSignal Signal = 64
	rtMax     Signal = 64
)

var extra = []named{
	{unix.SIGSTKFLT, "SIGSTKFLT"},
	// The kernel's headers still have this name; those of glibc dropped it with 2.26.
	{unix.SIGSYS, "SIGUNUSED"},
}
