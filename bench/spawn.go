package main

import (
	"bytes"
	"os/exec"
	"sync"
	"time"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/reactor"
)

// spawnRounds: starting a process takes a tenth of a millisecond, of which the scheduler of a virtual machine makes two
// every now and then.
const spawnRounds = 7

var spawnTargets = []target{{"raw", 1.15}, {"os/exec", 0.75}}

// spawnSequential starts children with three pipes one after the other; each is done when its output has ended and it was
// waited for.
func spawnSequential(n int) scenario {
	return scenario{
		name: "spawn to close, one at a time", unit: "child", ops: float64(n), rounds: spawnRounds,
		contestants: []contestant{
			{name: "raw", run: func() time.Duration { return rawSpawn(n, 1) }},
			{name: "brood", run: func() time.Duration { return broodSpawn(n, 1) }, targets: spawnTargets},
			{name: "os/exec", run: func() time.Duration { return execSpawn(n, 1) }},
		},
	}
}

// spawnConcurrent keeps a number of children in flight.
func spawnConcurrent(n, inFlight int) scenario {
	return scenario{
		name: "spawn to close, 64 in flight", unit: "child", ops: float64(n), rounds: spawnRounds,
		contestants: []contestant{
			{name: "raw", run: func() time.Duration { return rawSpawn(n, inFlight) }},
			{name: "brood", run: func() time.Duration { return broodSpawn(n, inFlight) }, targets: spawnTargets},
			{name: "os/exec", run: func() time.Duration { return execSpawn(n, inFlight) }},
		},
	}
}

func broodSpawn(n, inFlight int) time.Duration {
	l, err := reactor.New(nil)
	check(err)
	defer func() { check(l.Close()) }()
	file, closed := nop(), 0
	var next func()
	next = func() {
		if n == 0 {
			return
		}
		n--
		c, err := childprocess.Spawn(l, file, nil, nil)
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
