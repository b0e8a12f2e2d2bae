package process

import (
	"sync"

	"golang.org/x/sys/unix"
)

// dumpable counts the starts that change a user or a group. The kernel applies such a change to
// every process with the same memory. The child has this process's memory until it executes, so
// this process loses its "dumpable" attribute (PR_SET_DUMPABLE(2const)): a debugger cannot attach,
// no core is written, and /proc/self belongs to root.
//
// The attribute is restored after the child has executed, and not before, because it also keeps the
// child's new user out of this memory.
var dumpable struct {
	mu       sync.Mutex
	changing int // starts underway that change a user or a group
	was      int // the attribute before the first of them; valid while changing > 0
}

// keepDumpable must be called before such a start, and restore after it.
//
// Safe to call from any goroutine.
func keepDumpable() (restore func()) {
	d := &dumpable
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.changing == 0 {
		d.was, _ = unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
	}
	d.changing++
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.changing--
		if d.changing == 0 && d.was == 1 { // It cannot be set to another value.
			_ = unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0)
		}
	}
}
