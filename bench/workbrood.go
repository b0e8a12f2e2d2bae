package main

import (
	"strconv"
	"time"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/reactor"
)

// This file has the orders of work.go for a process with this library.

// onLoop begins a job on a loop of its own, runs the loop, and returns the time.
func onLoop(begin func(*reactor.Loop)) time.Duration {
	l := newLoop()
	defer func() { check(l.Close()) }()
	start := time.Now()
	begin(l)
	check(l.Run())
	return time.Since(start)
}

func broodShell(n int) time.Duration {
	done := 0
	d := onLoop(func(l *reactor.Loop) {
		var next func()
		next = func() {
			if done == n {
				return
			}
			_, err := childprocess.Exec(l, shellCommand, nil, func(err error, stdout, _ []byte) {
				check(err)
				mustEqual(len(stdout), len(shellOutput))
				done++
				next()
			})
			check(err)
		}
		next()
	})
	mustEqual(done, n)
	return d
}

func broodGap(n int) (longest time.Duration) {
	last := time.Now()
	onLoop(func(l *reactor.Loop) {
		timer := l.SetInterval(time.Millisecond, func() {
			t := time.Now()
			longest, last = max(longest, t.Sub(last)), t
		})
		left := n
		var next func()
		next = func() {
			if left == 0 {
				timer.Stop()
				return
			}
			left--
			c, err := childprocess.Spawn(l, nop(), nil, nil)
			check(err)
			c.Stdout.OnData(func([]byte) {})
			c.Stderr.OnData(func([]byte) {})
			c.OnClose(func(childprocess.ExitStatus) { next() })
		}
		next()
	})
	return max(longest, time.Since(last))
}

func broodReadAll(bytes, children int) time.Duration {
	got := 0
	d := onLoop(func(l *reactor.Loop) {
		for range children {
			c := spawn(l, childprocess.Ignore, childprocess.Pipe, "-child-write", strconv.Itoa(bytes))
			c.Stdout.OnData(func(p []byte) { got += len(p) })
			c.OnClose(mustSucceed)
		}
	})
	mustEqual(got, bytes*children)
	return d
}

func broodLines(n int) time.Duration {
	lines, got := 0, 0
	d := onLoop(func(l *reactor.Loop) {
		c := spawn(l, childprocess.Ignore, childprocess.Pipe, "-child-lines", strconv.Itoa(n))
		c.Stdout.OnLine(func(line []byte) {
			lines++
			got += len(line) + 1
		})
		c.OnClose(mustSucceed)
	})
	mustEqual(lines, n)
	mustEqual(got, n*workLine)
	return d
}

func broodFeed(n int) time.Duration {
	return onLoop(func(l *reactor.Loop) {
		c := spawn(l, childprocess.Pipe, childprocess.Ignore, "-child-read", strconv.Itoa(n))
		buf := make([]byte, chunk)
		pump := func() {
			for n > 0 && !c.Stdin.NeedDrain() {
				k, err := c.Stdin.Write(buf[:min(n, chunk)])
				check(err)
				n -= k
			}
			if n == 0 {
				c.Stdin.End()
			}
		}
		c.Stdin.OnDrain(pump)
		c.OnClose(mustSucceed)
		pump()
	})
}
