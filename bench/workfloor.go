package main

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// This file has the orders of work.go by bare system calls: every contestant must make these too.
// With one child, reads and writes block.

// rawRun starts a program with a pipe as descriptor slot, 0 or 1, and returns the other end, which
// the caller owns.
func rawRun(slot int, file string, args ...string) (pid, fd int) {
	var p [2]int
	check(syscall.Pipe2(p[:], syscall.O_CLOEXEC))
	files := []uintptr{0, 1, 2}
	files[slot] = uintptr(p[slot])
	pid, err := syscall.ForkExec(file, append([]string{file}, args...), &syscall.ProcAttr{Env: os.Environ(), Files: files})
	check(err)
	rawClose(p[slot])
	return pid, p[1-slot]
}

// rawWait reaps a process that must succeed.
func rawWait(pid int) {
	var ws syscall.WaitStatus
	_, err := syscall.Wait4(pid, &ws, 0, nil)
	check(err)
	mustEqual(int(ws), 0)
}

func rawShell(n int) time.Duration {
	buf := make([]byte, chunk)
	start := time.Now()
	for range n {
		pid, out := rawRun(1, "/bin/sh", "-c", shellCommand)
		got := 0
		for k := 1; k > 0; got += k {
			k = rawCall(unix.SYS_READ, out, buf)
		}
		mustEqual(got, len(shellOutput))
		rawClose(out)
		rawWait(pid)
	}
	return time.Since(start)
}

func rawReadAll(bytes, children int) time.Duration {
	args := []string{"-child-write", strconv.Itoa(bytes)}
	if children == 1 {
		return rawRead(bytes, args)
	}
	buf := make([]byte, chunk)
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	check(err)
	var events [64]unix.EpollEvent
	var pids []int
	start := time.Now()
	for range children {
		pid, out := rawRun(1, self(), args...)
		pids = append(pids, pid)
		check(unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, out, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(out)}))
	}
	got := 0
	for left := children; left > 0; {
		for _, ev := range events[:rawEpollWait(epoll, events[:])] {
			k := rawCall(unix.SYS_READ, int(ev.Fd), buf)
			if got += k; k == 0 {
				rawClose(int(ev.Fd))
				left--
			}
		}
	}
	for _, pid := range pids {
		rawWait(pid)
	}
	d := time.Since(start)
	rawClose(epoll)
	mustEqual(got, bytes*children)
	return d
}

// rawLines finds the newlines. It does not join a line that two reads have parts of.
func rawLines(n int) time.Duration {
	buf := make([]byte, chunk)
	lines, got := 0, 0
	start := time.Now()
	pid, out := rawRun(1, self(), "-child-lines", strconv.Itoa(n))
	for {
		k := rawCall(unix.SYS_READ, out, buf)
		if k == 0 {
			break
		}
		got += k
		for p := buf[:k]; ; lines++ {
			i := bytes.IndexByte(p, '\n')
			if i < 0 {
				break
			}
			p = p[i+1:]
		}
	}
	rawClose(out)
	rawWait(pid)
	d := time.Since(start)
	mustEqual(lines, n)
	mustEqual(got, n*workLine)
	return d
}

func rawFeed(n int) time.Duration {
	buf := make([]byte, chunk)
	start := time.Now()
	pid, in := rawRun(0, self(), "-child-read", strconv.Itoa(n))
	for n > 0 {
		n -= rawCall(unix.SYS_WRITE, in, buf[:min(n, chunk)])
	}
	rawClose(in)
	rawWait(pid)
	return time.Since(start)
}
