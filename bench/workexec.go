package main

import (
	"bufio"
	"os/exec"
	"strconv"
	"sync"
	"time"
)

// This file has the orders of work.go for a process with os/exec.

func execShell(n int) time.Duration {
	start := time.Now()
	for range n {
		out, err := exec.Command("/bin/sh", "-c", shellCommand).Output()
		check(err)
		mustEqual(len(out), len(shellOutput))
	}
	return time.Since(start)
}

func execGap(n int) (longest time.Duration) {
	ticks := time.NewTicker(time.Millisecond)
	defer ticks.Stop()
	done := make(chan struct{})
	// This goroutine ends with the children. The loop below waits for it.
	go func() {
		execSpawn(n, 1)
		close(done)
	}()
	for last := time.Now(); ; {
		select {
		case <-ticks.C:
			t := time.Now()
			longest, last = max(longest, t.Sub(last)), t
		case <-done:
			return max(longest, time.Since(last))
		}
	}
}

func execReadAll(bytes, children int) time.Duration {
	args := []string{"-child-write", strconv.Itoa(bytes)}
	var all sync.WaitGroup
	start := time.Now()
	for range children {
		all.Go(func() { execRead(bytes, args) })
	}
	all.Wait()
	return time.Since(start)
}

func execLines(n int) time.Duration {
	start := time.Now()
	cmd := exec.Command(self(), "-child-lines", strconv.Itoa(n))
	out, err := cmd.StdoutPipe()
	check(err)
	check(cmd.Start())
	lines, got := 0, 0
	for scanner := bufio.NewScanner(out); scanner.Scan(); {
		lines++
		got += len(scanner.Bytes()) + 1
	}
	check(cmd.Wait())
	mustEqual(lines, n)
	mustEqual(got, n*workLine)
	return time.Since(start)
}

func execFeed(n int) time.Duration {
	start := time.Now()
	cmd := exec.Command(self(), "-child-read", strconv.Itoa(n))
	in, err := cmd.StdinPipe()
	check(err)
	check(cmd.Start())
	buf := make([]byte, chunk)
	for n > 0 {
		k, err := in.Write(buf[:min(n, chunk)])
		check(err)
		n -= k
	}
	check(in.Close())
	check(cmd.Wait())
	return time.Since(start)
}
