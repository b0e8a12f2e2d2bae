package main

import (
	"os"
	"runtime"
)

// minProcessors is the least value of GOMAXPROCS, also if the program may run on one processor
// only. The loop waits in a system call, and Go takes the processor away from a goroutine that
// does: after 10 ms if another processor is idle, else after 20 µs. In the latter case two threads
// have to wake each other when the call returns, and each message from another process takes twice
// as long.
const minProcessors = 2

// keepProcessors sets GOMAXPROCS to the number of processors found at the start, but at least to
// minProcessors. Without it Go would read that number again each second. If the user has set
// GOMAXPROCS, nothing is changed.
func keepProcessors() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(max(minProcessors, runtime.GOMAXPROCS(0)))
	}
}
