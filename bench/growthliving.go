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

// livingGrowth starts children, one at a time and to their close, while there are ever more others
// that live on.
func livingGrowth(n int) scenario {
	return amongLiving("a spawn with living children", n, func(server *server) time.Duration {
		return time.Duration(server.ask("spawn %d 1", n))
	}, "libuv")
}

// exitGrowth kills children, each when the one before has closed, while there are ever more others
// that live on. What starts them is not in the time.
func exitGrowth(n int) scenario {
	return amongLiving("an exit with living children", n, func(server *server) time.Duration {
		return time.Duration(server.ask("kills %d", n))
	})
}

// amongLiving has n of something done by processes that have ever more children. Few have all of
// them: os/exec waits for each in a thread, of which a program may have less than 10,000, and
// 10,000 children take a script half a minute.
func amongLiving(name string, n int, run func(*server) time.Duration, also ...string) scenario {
	g := growth{name: name, unit: "child", with: "living children", ops: float64(n), sizes: livingCounts}
	for _, p := range workPeers() {
		one := series{name: p.name}
		switch {
		case p.name == "brood":
			// Each that lives has one descriptor of its own.
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
		one.warmUp = func() { // To begin with one lives.
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

// living are the children of a process in Go that live on. They have one pipe as their stdin, so
// that they end with this process, however that ends.
type living interface {
	start(stdin *os.File)
	killAll()

	// killEach starts n more, kills each when the one before has closed, and returns what the latter
	// takes.
	killEach(stdin *os.File, n int) time.Duration
}

// livingChildren has as many of them as was asked for last.
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

// broodLiving are on a loop, which is that of the other children too.
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

// execLiving has a goroutine for each, which waits for it, as a program has that wants to know when
// a child ends.
type execLiving struct {
	children []*exec.Cmd
	waiting  sync.WaitGroup
}

func (e *execLiving) start(stdin *os.File) {
	cmd := startSleeper(stdin)
	e.children = append(e.children, cmd)
	e.waiting.Go(func() { _ = cmd.Wait() }) // It is killed.
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
		_ = cmd.Wait() // It is killed.
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
