package main

import (
	"os"
	"runtime"
)

// minProcessors is how many processors Go is to think it has, also where the program may run on one
// only. The loop waits in a system call, and Go takes the processor of a goroutine that does. If
// there is another one that is idle it leaves that for 10 ms, if not it takes 20 µs, and when the
// call returns two threads have to wake each other: each message from another process then costs
// twice as much.
const minProcessors = 2

// keepProcessors has Go stay with the processors that it has found, but for minProcessors. By
// itself it looks each second how many the program may run on. Who has set GOMAXPROCS has the last
// word.
func keepProcessors() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(max(minProcessors, runtime.GOMAXPROCS(0)))
	}
}
