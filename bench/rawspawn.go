package main

import (
	"os"
	"syscall"
	"time"
)

// rawChild is a child started by plain system calls. It owns our ends of the three pipes.
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

func (c rawChild) wait(buf []byte) {
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
			queue[0].wait(buf)
			queue = append(queue[:0], queue[1:]...)
		}
		queue = append(queue, rawStart(file))
	}
	for _, c := range queue {
		c.wait(buf)
	}
	return time.Since(start)
}
