package main

import (
	"bytes"
	"os/exec"
	"sync"
	"time"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/reactor"
)

// spawnRounds is large because starting a process takes a tenth of a millisecond, which becomes two
// now and then by the scheduler of a virtual machine.
const spawnRounds = 7

// rawEpoll is the floor of a library with an event loop that starts its children with
// syscall.ForkExec. rawBlocking reads to the end of one child after the other, so a child waits for
// those before it.
const (
	rawEpoll    = "raw ForkExec, epoll, pidfd"
	rawBlocking = "raw ForkExec, blocking reads"
)

// becauseKernel is the reason, by a profile of this program and the kernel (perf).
const becauseKernel = "four fifths of the time is the kernel's, which forks, executes and ends the program for all contestants alike; bench/STARTING.md lists the rest, call by call"

// broodAsync is brood with Async: the loop starts children on several threads, as os/exec does.
const broodAsync = "brood, Async"

var async = &childprocess.Options{Async: true}

// spawnSequential starts children with three pipes one after the other. A child is done when its
// output has ended and it was reaped.
func spawnSequential(n int) scenario {
	return spawnToClose("one at a time", n, 1, target{rawEpoll, 0.95}, target{"os/exec", 0.70})
}

// spawnConcurrent keeps 64 children in flight.
func spawnConcurrent(n int) scenario {
	s := spawnToClose("64 in flight", n, 64)
	s.contestants = append(s.contestants, contestant{
		name: broodAsync, targets: []target{{"os/exec", 0.80}}, because: becauseProcessors,
		run: func() time.Duration { return broodAsyncSpawn(n, 64) },
	})
	return s
}

func spawnToClose(name string, n, inFlight int, targets ...target) scenario {
	run := func(spawn func(n, inFlight int) time.Duration) func() time.Duration {
		return func() time.Duration { return spawn(n, inFlight) }
	}
	return scenario{
		name: "spawn to close, " + name, unit: "child", ops: float64(n), rounds: spawnRounds,
		contestants: []contestant{
			{name: rawEpoll, run: run(rawEpollSpawn)},
			{name: rawBlocking, run: run(rawSpawn)},
			{name: "brood", run: run(broodSpawn), targets: targets, because: becauseKernel},
			{name: "os/exec", run: run(execSpawn)},
		},
	}
}

func broodSpawn(n, inFlight int) time.Duration {
	l := newLoop()
	defer func() { check(l.Close()) }()
	return broodSpawnOn(l, n, inFlight, nil)
}

func broodAsyncSpawn(n, inFlight int) time.Duration {
	l := newLoop()
	defer func() { check(l.Close()) }()
	return broodSpawnOn(l, n, inFlight, async)
}

func broodSpawnOn(l *reactor.Loop, n, inFlight int, o *childprocess.Options) time.Duration {
	file, closed := nop(), 0
	var next func()
	next = func() {
		if n == 0 {
			return
		}
		n--
		c, err := childprocess.Spawn(l, file, nil, o)
		check(err)
		c.Stdout.OnData(func([]byte) {})
		c.Stderr.OnData(func([]byte) {})
		c.OnClose(func(childprocess.ExitStatus) { closed++; next() })
	}
	want := n
	start := time.Now()
	for range inFlight {
		next()
	}
	check(l.Run())
	d := time.Since(start)
	if closed != want {
		panic("bench: lost a child")
	}
	return d
}

func execSpawn(n, inFlight int) time.Duration {
	file := nop()
	tokens := make(chan struct{}, n)
	for range n {
		tokens <- struct{}{}
	}
	close(tokens)
	var wg sync.WaitGroup
	start := time.Now()
	for range inFlight {
		wg.Go(func() {
			for range tokens {
				var out, errs bytes.Buffer
				cmd := exec.Command(file)
				cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(nil), &out, &errs
				check(cmd.Run())
			}
		})
	}
	wg.Wait()
	return time.Since(start)
}
