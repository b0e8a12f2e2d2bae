package main

import (
	"bytes"
	"os"
	"os/exec"
	"sync"
	"syscall"
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

// rawChild is a child started with plain system calls.
type rawChild struct{ pid, in, out, err int }

func rawStart(file string) rawChild {
	var in, out, errs [2]int
	for _, p := range []*[2]int{&in, &out, &errs} {
		check(syscall.Pipe2(p[:], syscall.O_CLOEXEC))
	}
	pid, err := syscall.ForkExec(file, []string{file}, &syscall.ProcAttr{
		Env:   os.Environ(),
		Files: []uintptr{uintptr(in[0]), uintptr(out[1]), uintptr(errs[1])},
	})
	check(err)
	for _, fd := range []int{in[0], out[1], errs[1]} {
		check(syscall.Close(fd))
	}
	return rawChild{pid, in[1], out[0], errs[0]}
}

func (c rawChild) finish(buf []byte) {
	for _, fd := range []int{c.out, c.err} {
		for {
			n, err := syscall.Read(fd, buf)
			check(err)
			if n == 0 {
				break
			}
		}
	}
	var ws syscall.WaitStatus
	_, err := syscall.Wait4(c.pid, &ws, 0, nil)
	check(err)
	for _, fd := range []int{c.in, c.out, c.err} {
		check(syscall.Close(fd))
	}
}

func rawSpawn(n, inFlight int) time.Duration {
	file, buf := nop(), make([]byte, chunk)
	queue := make([]rawChild, 0, inFlight)
	start := time.Now()
	for range n {
		if len(queue) == inFlight {
			queue[0].finish(buf)
			queue = append(queue[:0], queue[1:]...)
		}
		queue = append(queue, rawStart(file))
	}
	for _, c := range queue {
		c.finish(buf)
	}
	return time.Since(start)
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
