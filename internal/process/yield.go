package process

import (
	"runtime"
	"time"
)

// yieldAfter is how long a goroutine may start one process after the other before it yields. It is
// less than the 10 ms after which the runtime takes its processor away (forcePreemptNS of runtime,
// proc.go).
const yieldAfter = 8 * time.Millisecond

// pace makes a goroutine that starts one process after the other yield. It belongs to a Starter.
//
// Such a goroutine waits in the kernel most of the time, for the execve(2) of each child and for
// its end, and never enters Go's scheduler. After 10 ms on the same time slice, the runtime's
// monitor (sysmon) takes the processor (P) away from it in the middle of a system call. Because it
// has found something to do, the monitor then looks again every 20 µs for some milliseconds. Each
// look is a timer and two context switches, on a processor that a child could use. A goroutine that
// yields in time gets a new time slice, and the monitor sleeps.
//
// The moment to yield is when the process has executed: it runs while the threads of this program
// change places.
type pace struct {
	yielded time.Time // time of the last yield; zero: none yet
}

// yieldIfDue must be called when a process was started.
func (p *pace) yieldIfDue() {
	if now := time.Now(); now.Sub(p.yielded) > yieldAfter {
		runtime.Gosched()
		p.yielded = now
	}
}
