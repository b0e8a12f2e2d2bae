package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/reactor"
)

var livingCounts = []int{1, 10, 100, 1000, 10_000}

// livingGrowth starts children, one at a time and to their close, while there are ever more others that live on. Some
// have fewer of them: os/exec waits for each in a thread, of which a program may have less than 10,000, and 10,000 children
// take a script half a minute.
func livingGrowth(n int) scenario {
	g := growth{name: "a spawn with living children", unit: "child", with: "living children", ops: float64(n), sizes: livingCounts}
	for _, p := range workPeers() {
		one := series{name: p.name}
		switch p.name {
		case "brood":
			one.exponent, one.because = flat, becauseMoved // Each that lives has one descriptor of its own.
		case "libuv":
		case "os/exec", "node", "bun", "asyncio":
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
		one.run = func(int) time.Duration { return time.Duration(server.ask("spawn %d 1", n)) }
		g.series = append(g.series, one)
	}
	s := g.scenario()
	s.most, s.cold = leastRounds, true
	return s
}

// sleeper is a program that waits until its stdin ends, as small as a program can be: where no such program is known, cat(1).
var sleeper = sync.OnceValue(func() string {
	if givenSleeper != "" {
		return givenSleeper
	}
	p, ok := sleepCode[runtime.GOARCH]
	if !ok || filepath.Base(nop()) != "nop" {
		file, err := exec.LookPath("cat")
		check(err)
		return file
	}
	exit := exitCode["linux/"+runtime.GOARCH]
	exit.code = append(p, exit.code...)
	file := filepath.Join(filepath.Dir(nop()), "sleeper") // It is deleted with nop.
	check(os.WriteFile(file, elf(exit), 0o755))
	return file
})

// sleepCode is read(0, sp, 1) in machine code.
var sleepCode = map[string][]byte{
	"amd64": {0x31, 0xc0, 0x31, 0xff, 0x48, 0x89, 0xe6, 0xba, 1, 0, 0, 0, 0x0f, 0x05},
	"arm64": {0, 0, 0x80, 0xd2, 0xe1, 3, 0, 0x91, 0x22, 0, 0x80, 0xd2, 0xe8, 0x07, 0x80, 0xd2, 1, 0, 0, 0xd4},
}

// living are the children of a process in Go that live on. They have one pipe as their stdin, so that they end with this
// process, however that ends.
type living interface {
	start(stdin *os.File)
	killAll()
}

// livingChildren has as many of them as was asked for last.
type livingChildren struct {
	way        living
	count      int
	stdin, end *os.File
}

func (c *livingChildren) resize(n int) {
	if c.stdin == nil {
		var err error
		c.stdin, c.end, err = os.Pipe()
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

// execLiving has a goroutine for each, which waits for it, as a program has that wants to know when a child ends.
type execLiving struct {
	children []*exec.Cmd
	waiting  sync.WaitGroup
}

func (e *execLiving) start(stdin *os.File) {
	cmd := exec.Command(sleeper())
	cmd.Stdin = stdin
	check(cmd.Start())
	e.children = append(e.children, cmd)
	e.waiting.Go(func() { _ = cmd.Wait() }) // It is killed.
}

func (e *execLiving) killAll() {
	for _, cmd := range e.children {
		check(cmd.Process.Kill())
	}
	e.waiting.Wait()
	e.children = nil
}
