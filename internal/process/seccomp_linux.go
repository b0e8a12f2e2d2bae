//go:build amd64 || arm64

package process

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// A filter is in force when the child executes its file, and also if that fails. So it has to allow
// two calls: execve(2), and one by which a process ends. A child whose end is refused would try for
// ever, and the thread that has forked it would wait as long. Before Linux 5.16, a child that is
// killed there by a signal that dumps core takes this program with it, because they share a memory.
// The filter's answers can be computed in the parent, because they depend on little.

// FilterMistake returns the reason why no child can be started with a filter; "" if one can, as far
// as that can be known. It leaves an invalid filter to the kernel.
//
// Safe to call from any goroutine.
func FilterMistake(filter []SockFilter) string {
	execve := futureCall{nr: unix.SYS_EXECVE}
	if execve.evaluate(filter) == denied {
		return "does not allow execve(2)"
	}
	if _, ok := exitCall(filter); !ok {
		return "allows neither exit(2) nor exit_group(2)"
	}
	return ""
}

// exitCall returns the call by which a child with this filter can end, and whether there is one.
func exitCall(filter []SockFilter) (nr uintptr, ok bool) {
	for _, nr := range [...]uintptr{unix.SYS_EXIT, unix.SYS_EXIT_GROUP} {
		exit := futureCall{nr: uint32(nr), arguments: &[6]uint64{exitCode}}
		switch exit.evaluate(filter) {
		case allowed, invalid: // The kernel never puts an invalid filter in force.
			return nr, true
		}
	}
	return unix.SYS_EXIT, false
}

// futureCall is the known part of a system call that the child will make. The instruction pointer
// is not known.
type futureCall struct {
	nr        uint32
	arguments *[6]uint64 // nil: unknown
}

// The offsets in struct seccomp_data, and its size, in bytes.
const (
	dataNumber    = 0
	dataArch      = 4
	dataArguments = 16
	dataSize      = 64
)

// word returns the 32 bits at an offset in the call's struct seccomp_data, and whether they are
// known.
func (c *futureCall) word(offset uint32) (value uint32, known bool) {
	switch {
	case offset == dataNumber:
		return c.nr, true
	case offset == dataArch:
		return auditArch[runtime.GOARCH], true
	case offset < dataArguments || c.arguments == nil:
		return 0, false
	}
	argument := c.arguments[(offset-dataArguments)/8]
	if offset%8 != 0 {
		argument >>= 32 // On both architectures the low half comes first.
	}
	return uint32(argument), true
}

var auditArch = map[string]uint32{"amd64": unix.AUDIT_ARCH_X86_64, "arm64": unix.AUDIT_ARCH_AARCH64}
