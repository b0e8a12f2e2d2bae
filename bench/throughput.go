package main

import (
	"io"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/reactor"
)

// stdoutThroughput reads the output of one child.
func stdoutThroughput(n int) scenario {
	args := []string{"-child-write", strconv.Itoa(n)}
	return scenario{
		name: "read a child's stdout", unit: "MiB", ops: float64(n) / (1 << 20),
		contestants: []contestant{
			{name: "raw", run: func() time.Duration { return rawRead(n, args) }},
			{name: "brood", run: func() time.Duration { return broodRead(n, args) }, targets: []target{{"raw", 1 / 0.97}}},
			{name: "os/exec", run: func() time.Duration { return execRead(n, args) }},
		},
	}
}

func rawRead(n int, args []string) time.Duration {
	var out [2]int
	check(syscall.Pipe2(out[:], syscall.O_CLOEXEC))
	start := time.Now()
	pid, err := syscall.ForkExec(self(), append([]string{self()}, args...), &syscall.ProcAttr{
		Env: os.Environ(), Files: []uintptr{0, uintptr(out[1]), 2},
	})
	check(err)
	check(syscall.Close(out[1]))
	buf := make([]byte, chunk)
	got := 0
	for {
		k, err := syscall.Read(out[0], buf)
		check(err)
		if k == 0 {
			break
		}
		got += k
	}
	var ws syscall.WaitStatus
	_, err = syscall.Wait4(pid, &ws, 0, nil)
	check(err)
	d := time.Since(start)
	check(syscall.Close(out[0]))
	mustEqual(got, n)
	return d
}

func broodRead(n int, args []string) time.Duration {
	l, err := reactor.New(nil)
	check(err)
	defer func() { check(l.Close()) }()
	start := time.Now()
	c, err := childprocess.Spawn(l, self(), args, &childprocess.Options{
		Stdio: []childprocess.Stdio{childprocess.Inherit, childprocess.Pipe, childprocess.Inherit},
	})
	check(err)
	got := 0
	c.Stdout.OnData(func(p []byte) { got += len(p) })
	check(l.Run())
	d := time.Since(start)
	mustEqual(got, n)
	return d
}

func execRead(n int, args []string) time.Duration {
	start := time.Now()
	cmd := exec.Command(self(), args...)
	out, err := cmd.StdoutPipe()
	check(err)
	check(cmd.Start())
	buf := make([]byte, chunk)
	got := 0
	for {
		k, err := out.Read(buf)
		got += k
		if err == io.EOF {
			break
		}
		check(err)
	}
	check(cmd.Wait())
	d := time.Since(start)
	mustEqual(got, n)
	return d
}

// pipeThroughput connects a child that writes to a child that reads.
func pipeThroughput(n int) scenario {
	count := strconv.Itoa(n)
	return scenario{
		name: "pipe a child to a child", unit: "MiB", ops: float64(n) / (1 << 20),
		contestants: []contestant{
			{name: "sh", run: func() time.Duration { return shellPipe(count) }},
			{name: "brood Pipe", run: func() time.Duration { return broodPipe(count) }, targets: []target{{"sh", 1 / 0.95}}},
			{name: "brood Stream", run: func() time.Duration { return broodStream(count) }, targets: []target{{"sh", 1 / 0.95}}},
			{name: "os/exec", run: func() time.Duration { return execPipe(count) }},
		},
	}
}

func shellPipe(count string) time.Duration {
	start := time.Now()
	check(exec.Command("/bin/sh", "-c", `"$0" -child-write "$1" | "$0" -child-read "$1"`, self(), count).Run())
	return time.Since(start)
}

// broodPipe pipes through the parent.
func broodPipe(count string) time.Duration {
	return broodPair(count, func(l *reactor.Loop) {
		a := spawn(l, childprocess.Ignore, childprocess.Pipe, "-child-write", count)
		b := spawn(l, childprocess.Pipe, childprocess.Ignore, "-child-read", count)
		a.Stdout.Pipe(b.Stdin, nil)
		b.OnExit(mustSucceed)
	})
}

// broodStream gives one child's pipe to the other.
func broodStream(count string) time.Duration {
	return broodPair(count, func(l *reactor.Loop) {
		a := spawn(l, childprocess.Ignore, childprocess.Pipe, "-child-write", count)
		b := spawn(l, childprocess.Stream(a.Stdout).Owned(), childprocess.Ignore, "-child-read", count)
		b.OnExit(mustSucceed)
	})
}

func broodPair(_ string, connect func(*reactor.Loop)) time.Duration {
	l, err := reactor.New(nil)
	check(err)
	defer func() { check(l.Close()) }()
	start := time.Now()
	connect(l)
	check(l.Run())
	return time.Since(start)
}

func spawn(l *reactor.Loop, stdin, stdout childprocess.Stdio, args ...string) *childprocess.ChildProcess {
	c, err := childprocess.Spawn(l, self(), args, &childprocess.Options{
		Stdio: []childprocess.Stdio{stdin, stdout, childprocess.Inherit},
	})
	check(err)
	return c
}

func mustSucceed(s childprocess.ExitStatus) {
	if !s.Success() {
		panic("bench: " + s.String())
	}
}

// execPipe copies in the parent, as a Go programmer would write it first.
func execPipe(count string) time.Duration {
	start := time.Now()
	a, b := exec.Command(self(), "-child-write", count), exec.Command(self(), "-child-read", count)
	out, err := a.StdoutPipe()
	check(err)
	in, err := b.StdinPipe()
	check(err)
	check(a.Start())
	check(b.Start())
	_, err = io.Copy(in, out)
	check(err)
	check(in.Close())
	check(a.Wait())
	check(b.Wait())
	return time.Since(start)
}

func mustEqual(got, want int) {
	if got != want {
		panic("bench: got " + strconv.Itoa(got) + " of " + strconv.Itoa(want))
	}
}
