package main

import (
	"os"
	"os/exec"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/reactor"
)

var livingCounts = []int{1, 10, 100, 1000, 10_000}

// livingGrowth starts children, one at a time and until close, while more and more others live on.
func livingGrowth(n int) scenario {
	return amongLiving("a spawn with living children", n, func(server *server) time.Duration {
		return time.Duration(server.ask("spawn %d 1", n))
	}, "libuv")
}

// exitGrowth kills children, each when the one before has closed, while more and more others live
// on. The time does not include their starts.
func exitGrowth(n int) scenario {
	return amongLiving("an exit with living children", n, func(server *server) time.Duration {
		return time.Duration(server.ask("kills %d", n))
	})
}

// amongLiving measures run in processes with more and more children. Few contestants have all
// sizes: os/exec waits for each child in a thread, of which a program may have less than 10,000,
// and a script takes half a minute to start 10,000 children.
func amongLiving(name string, n int, run func(*server) time.Duration, also ...string) scenario {
	g := growth{name: name, unit: "child", with: "living children", ops: float64(n), sizes: livingCounts}
	for _, p := range workPeers() {
		one := series{name: p.name}
		switch {
		case p.name == "brood":
			// Each living child has one descriptor.
			one.exponent, one.because = flat, becauseMoved
		case slices.Contains(also, p.name):
		case slices.Contains([]string{"os/exec", "node", "bun", "libuv", "asyncio"}, p.name):
			one.sizes = len(livingCounts) - 1
		default:
			continue
		}
		server := p.server()
		one.missing, one.close = p.missing, server.close
		one.setUp = func(living int) (tearDown func()) {
			mustEqual(int(server.ask("living %d", living)), living)
			return func() {}
		}
		one.warmUp = func() { // At first one child lives.
			server.ask("living 1")
			run(server)
		}
		one.run = func(int) time.Duration { return run(server) }
		g.series = append(g.series, one)
	}
	s := g.scenario()
	s.few = true
	return s
}

// living is a way to have children in Go that live on. Their stdin is one pipe, so they end with
// this process, however that ends.
type living interface {
	start(stdin *os.File)
	killAll()

	// killEach starts n more, then kills each when the one before has closed. It returns the time
	// of the kills.
	killEach(stdin *os.File, n int) time.Duration
}

// livingChildren has as many living children as the last resize asked for. It owns both ends of
// their stdin.
type livingChildren struct {
	way                living
	count              int
	stdin, stdinWriter *os.File
}

func (c *livingChildren) resize(n int) {
	if c.stdin == nil {
		var err error
		c.stdin, c.stdinWriter, err = os.Pipe()
		check(err)
	}
	if n < c.count {
		c.way.killAll()
		c.count = 0
	}
	for ; c.count < n; c.count++ {
		c.way.start(c.stdin)
	}
}

// broodLiving has its children on the loop that starts the other children too.
type broodLiving struct {
	loop     *reactor.Loop
	children []*childprocess.ChildProcess
}

func (b *broodLiving) start(stdin *os.File) {
	c, err := childprocess.Spawn(b.loop, sleeper(), nil, &childprocess.Options{
		Stdio: []childprocess.Stdio{childprocess.File(stdin), childprocess.Ignore, childprocess.Ignore},
	})
	check(err)
	c.Unref()
	b.children = append(b.children, c)
}

func (b *broodLiving) killEach(stdin *os.File, n int) time.Duration {
	others := b.children
	for range n {
		b.start(stdin)
	}
	more := b.children[len(others):]
	b.children = others
	closed := 0
	var next func()
	next = func() {
		if closed == n {
			return
		}
		c := more[closed]
		c.Ref()
		c.OnClose(func(childprocess.ExitStatus) { closed++; next() })
		_, err := c.Kill(syscall.SIGKILL)
		check(err)
	}
	start := time.Now()
	next()
	check(b.loop.Run())
	d := time.Since(start)
	mustEqual(closed, n)
	return d
}

func (b *broodLiving) killAll() {
	left := len(b.children)
	for _, c := range b.children {
		c.Ref()
		c.OnClose(func(childprocess.ExitStatus) { left-- })
		_, err := c.Kill(syscall.SIGKILL)
		check(err)
	}
	check(b.loop.Run())
	mustEqual(left, 0)
	b.children = nil
}

// execLiving has a goroutine for each child that waits for it, as a program must that wants to know
// of the exit.
type execLiving struct {
	children []*exec.Cmd
	waiting  sync.WaitGroup
}

func (e *execLiving) start(stdin *os.File) {
	cmd := startSleeper(stdin)
	e.children = append(e.children, cmd)
	e.waiting.Go(func() { _ = cmd.Wait() }) // The error is the signal.
}

func startSleeper(stdin *os.File) *exec.Cmd {
	cmd := exec.Command(sleeper())
	cmd.Stdin = stdin
	check(cmd.Start())
	return cmd
}

func (e *execLiving) killEach(stdin *os.File, n int) time.Duration {
	more := make([]*exec.Cmd, n)
	for i := range more {
		more[i] = startSleeper(stdin)
	}
	start := time.Now()
	for _, cmd := range more {
		check(cmd.Process.Kill())
		_ = cmd.Wait() // The error is the signal.
	}
	return time.Since(start)
}

func (e *execLiving) killAll() {
	for _, cmd := range e.children {
		check(cmd.Process.Kill())
	}
	e.waiting.Wait()
	e.children = nil
}
