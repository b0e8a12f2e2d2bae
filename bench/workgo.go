package main

import (
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/brood-go/brood/bench/samples"
)

// goWork has the orders of work.go for a process in Go. A nil function is an order that it does not
// have.
type goWork struct {
	spawn  func(n, inFlight int) time.Duration
	shell  func(n int) time.Duration
	gap    func(n int) time.Duration
	stdout func(bytes, children int) time.Duration
	lines  func(n int) time.Duration
	stdin  func(n int) time.Duration
}

var goWorks = map[string]goWork{
	samples.Floor: {spawn: rawEpollSpawn, shell: rawShell, stdout: rawReadAll, lines: rawLines, stdin: rawFeed},
	"brood":       {spawn: broodSpawn, shell: broodShell, gap: broodGap, stdout: broodReadAll, lines: broodLines, stdin: broodFeed},
	broodAsync:    {spawn: broodAsyncSpawn},
	"os/exec":     {spawn: execSpawn, shell: execShell, gap: execGap, stdout: execReadAll, lines: execLines, stdin: execFeed},
}

// workServer is the process of a goWork.
func workServer(way, nothing, program, sleeping string) {
	givenNop, givenSelf, givenSleeper = nothing, program, sleeping
	w := goWorks[way]
	var heap []byte
	var children *livingChildren
	switch way {
	case "brood":
		l := newLoop() // All orders share it, as in a program with one loop.
		w.spawn = func(n, inFlight int) time.Duration { return broodSpawnOn(l, n, inFlight, nil) }
		children = &livingChildren{way: &broodLiving{loop: l}}
	case broodAsync:
		l := newLoop()
		w.spawn = func(n, inFlight int) time.Duration { return broodSpawnOn(l, n, inFlight, async) }
	case "os/exec":
		children = &livingChildren{way: new(execLiving)}
	}
	serve(func(order string, args []int) int64 {
		switch order {
		case "heap":
			// It has no pointers, so the garbage collector does not scan it.
			heap = make([]byte, args[0])
			for i := 0; i < len(heap); i += os.Getpagesize() {
				heap[i] = 1
			}
			return int64(len(heap))
		case "living":
			children.resize(args[0])
			return int64(args[0])
		case "kills":
			runtime.GC()
			return int64(children.way.killEach(children.stdin, args[0]))
		}
		runtime.GC()
		return int64(w.do(order, args))
	})
	runtime.KeepAlive(heap)
}

func (w goWork) do(order string, args []int) time.Duration {
	switch order {
	case "spawn":
		return w.spawn(args[0], args[1])
	case "shell":
		return w.shell(args[0])
	case "gap":
		return w.gap(args[0])
	case "stdout":
		return w.stdout(args[0], args[1])
	case "lines":
		return w.lines(args[0])
	case "stdin":
		return w.stdin(args[0])
	}
	panic(fmt.Sprintf("bench: order %q", order))
}
