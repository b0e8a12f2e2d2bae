package process

import (
	"runtime"
	"time"
)

// yieldAfter is for how long a goroutine starts one process after the other before it yields: less
// than the 10 ms after which the runtime takes its processor away (forcePreemptNS of runtime,
// proc.go).
const yieldAfter = 8 * time.Millisecond

// pace has a goroutine that starts one process after the other yield.
//
// It waits in the kernel most of the time, for the execve(2) of each and for its end, and never by
// way of Go's scheduler. When the runtime's monitor (sysmon) has seen it on the same time slice for
// 10 ms, it takes the processor (P) of such a goroutine in the middle of a system call, and,
// because it has found something to do, looks again every 20 µs for the next milliseconds. Each
// look is a timer and two switches of context, on a processor that a child would use. A goroutine
// that yields in time has a new time slice, and the monitor sleeps.
//
// The moment is when the process has executed: it runs while the threads of this program change
// places.
type pace struct{ yielded time.Time }

// started is told that a process was started.
func (p *pace) yieldIfDue() {
	if now := time.Now(); now.Sub(p.yielded) > yieldAfter {
		runtime.Gosched()
		p.yielded = now
	}
}
