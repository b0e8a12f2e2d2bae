package process

import (
	"sync"

	"golang.org/x/sys/unix"
)

// dumpable counts the starts that change a user or a group. The kernel takes such a change for one
// of everybody who has the same memory: with the child, which has that of this process until it
// executes, this process loses its "dumpable" attribute (PR_SET_DUMPABLE(2const)), so that a
// debugger cannot attach, no core is written and /proc/self is root's.
//
// It comes back when the child has executed, and not before, since it keeps whoever the child
// becomes out of this memory.
var dumpable struct {
	mu       sync.Mutex
	changing int
	was      int
}

// keepDumpable is called before such a start, what it returns afterwards.
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
		if d.changing == 0 && d.was == 1 { // It can be set to no other value.
			_ = unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0)
		}
	}
}
