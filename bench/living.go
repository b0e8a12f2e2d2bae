package main

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/brood-go/brood/childprocess"
)

// killPerChild is the most that killing a child and waiting for its close may take, however many
// children live.
const killPerChild = 50 * time.Microsecond

// killFlat is the most that a child may cost among many, as a multiple of its cost among the
// fewest.
const killFlat = 1.3

// execLivingMost is the number of children that os/exec is measured with: each has a thread of this
// program.
const execLivingMost = 1000

// becauseKill is the reason, by a profile. For a child that is killed the library makes the signal,
// waitid(2) and close(2).
const becauseKill = "some 10 µs of each child are the library's; in the rest the kernel ends the process, which takes 40 µs or more on the processors that the loop needs, too"

// killLiving kills that many living children and waits until all have closed. The time is that of
// one child, without its start. Smaller numbers are killed in several batches, so that a round is
// long enough.
func killLiving(most int) scenario {
	s := scenario{name: "kill living children, until all have closed", unit: "child", ops: 1, few: true}
	add := func(way string, count int, kill func(count int, stdin *os.File) time.Duration) *contestant {
		n := max(count, most/killShare)
		s.contestants = append(s.contestants, contestant{
			name: fmt.Sprintf("%s, %d at once", way, count), elsewhere: true,
			run: func() time.Duration { return inBatches(n, count, kill) / time.Duration(n) },
		})
		return &s.contestants[len(s.contestants)-1]
	}
	var counts []int
	for _, count := range []int{100, 1000, 10_000} {
		counts = append(counts, min(count, most, mostOpenFiles()))
	}
	for i, count := range slices.Compact(counts) {
		c := add("brood", count, broodKill)
		c.most.perOp, c.because = killPerChild, becauseKill
		if i > 0 {
			c.targets = []target{{s.contestants[0].name, killFlat}}
		}
	}
	add("os/exec", min(execLivingMost, most), execKill)
	return s
}

// killShare is the part of the most children that is killed at smaller numbers: one in killShare.
const killShare = 5

// inBatches kills n children, count at a time.
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
		c, err := childprocess.Spawn(l, sleeper(), nil, o)
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
	var exited sync.WaitGroup
	children := make([]*exec.Cmd, count)
	for i := range children {
		cmd := startSleeper(stdin)
		exited.Go(func() { _ = cmd.Wait() }) // The error is the signal.
		children[i] = cmd
	}
	start := time.Now()
	for _, cmd := range children {
		check(cmd.Process.Kill())
	}
	exited.Wait()
	return time.Since(start)
}
