package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/brood-go/brood/childprocess"
)

// killPerChild is the most that killing a child may take, until it has closed, however many live.
const killPerChild = 50 * time.Microsecond

// killFlat is how much dearer a child may be among the most than among the fewest.
const killFlat = 1.3

// execLivingMost is how many children os/exec is measured with: each has a thread of this program.
const execLivingMost = 1000

// becauseEnd is what a profile says of a miss: of a child that is killed the library takes the signal, waitid(2) and close(2).
const becauseEnd = "of each child some 10 µs are the library's; the rest is the kernel's, which ends a process in 40 µs or more on the processors that the loop runs on, too"

// killLiving has so many children live at once, kills all of them, and waits until all have closed, until n were killed.
// Starting them is not in the time. There are few rounds, because that takes long.
func killLiving(n int) scenario {
	s := scenario{name: "kill living children, until all have closed", unit: "child", ops: float64(n), most: leastRounds, cold: true}
	var counts []int
	for _, count := range []int{100, 1000, 10_000} {
		counts = append(counts, min(count, n, mostOpenFiles()))
	}
	for i, count := range slices.Compact(counts) {
		c := contestant{
			name: fmt.Sprintf("brood, %d at once", count), most: limit{perOp: killPerChild}, because: becauseEnd,
			run: func() time.Duration { return inBatches(n, count, broodKill) },
		}
		if i > 0 {
			c.targets = []target{{s.contestants[0].name, killFlat}}
		}
		s.contestants = append(s.contestants, c)
	}
	few := min(execLivingMost, n)
	s.contestants = append(s.contestants, contestant{
		name: fmt.Sprintf("os/exec, %d at once", few),
		run:  func() time.Duration { return inBatches(n, few, execKill) },
	})
	return s
}

// inBatches has n children killed, so many of them at a time.
func inBatches(n, count int, kill func(count int, stdin *os.File) time.Duration) (d time.Duration) {
	stdin, end, err := os.Pipe() // The children end with this process, however that ends.
	check(err)
	for ; n > 0; n -= count {
		d += kill(min(count, n), stdin)
	}
	check(stdin.Close())
	check(end.Close())
	return d
}

func broodKill(count int, stdin *os.File) time.Duration {
	l := newLoop()
	closed := 0
	o := &childprocess.Options{Stdio: []childprocess.Stdio{childprocess.File(stdin), childprocess.Ignore, childprocess.Ignore}}
	children := make([]*childprocess.ChildProcess, count)
	for i := range children {
		c, err := childprocess.Spawn(l, stayer(), nil, o)
		check(err)
		c.OnClose(func(childprocess.ExitStatus) { closed++ })
		children[i] = c
	}
	start := time.Now()
	for _, c := range children {
		_, err := c.Kill(syscall.SIGKILL)
		check(err)
	}
	check(l.Run())
	d := time.Since(start)
	mustEqual(closed, count)
	check(l.Close())
	return d
}

func execKill(count int, stdin *os.File) time.Duration {
	var ended sync.WaitGroup
	children := make([]*exec.Cmd, count)
	for i := range children {
		cmd := exec.Command(stayer())
		cmd.Stdin = stdin
		check(cmd.Start())
		ended.Go(func() { _ = cmd.Wait() }) // The error is the signal.
		children[i] = cmd
	}
	start := time.Now()
	for _, cmd := range children {
		check(cmd.Process.Kill())
	}
	ended.Wait()
	return time.Since(start)
}

// stayer returns a program that waits for the end of its stdin, as small as a program can be, so that its end takes no time
// that is not the system's own. Where no such program is known it is cat(1).
var stayer = sync.OnceValue(func() string {
	p, known := exitCode[runtime.GOOS+"/"+runtime.GOARCH]
	read, ok := readCode[runtime.GOARCH]
	if !known || !ok {
		file, err := exec.LookPath("cat")
		check(err)
		return file
	}
	p.code = slices.Concat(read, p.code)
	file := filepath.Join(filepath.Dir(nop()), "stayer") // It is deleted with nop.
	check(os.WriteFile(file, elf(p), 0o755))
	return file
})

// readCode is read(0, sp, 1) on Linux, in machine code.
var readCode = map[string][]byte{
	"amd64": {0x31, 0xc0, 0x31, 0xff, 0x48, 0x89, 0xe6, 0xba, 1, 0, 0, 0, 0x0f, 0x05},
	"arm64": {0, 0, 0x80, 0xd2, 0xe1, 0x03, 0, 0x91, 0x22, 0, 0x80, 0xd2, 0xe8, 0x07, 0x80, 0xd2, 0x01, 0, 0, 0xd4},
}
