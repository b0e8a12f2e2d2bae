package main

import (
	"net"
	"time"

	"github.com/brood-go/brood/ipc"
)

// handlePair is an ipcPair that can send handles.
type handlePair interface {
	// handles sends a listening socket to the child n times, and waits until the child has got and
	// closed all of them.
	handles(n int) time.Duration
}

// ipcHandles sends listening sockets. Each must be acknowledged before the next is sent.
func ipcHandles(at place, n int) scenario {
	job := func(p ipcPair) time.Duration { return p.(handlePair).handles(n) }
	s := scenario{
		name: "ipc handles", unit: "handle", ops: float64(n),
		contestants: []contestant{at.pair("brood", job, func() ipcPair { return newForkPair(0) })},
	}
	s.contestants[0].targets = []target{{"node", 0.5}}
	s.contestants[0].because = "two thirds of the time is the kernel's: the peer has to acknowledge a handle before the next one is sent, so each handle wakes a process on the other core, and mostly both processes"
	return s.withRuntimes(at, job, "json", "node") // The others send no handles.
}

func (p *forkPair) handles(n int) time.Duration {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	defer listener.Close()
	return p.sinkBy(n, func(p *forkPair) {
		for i := range n {
			check(p.child.Channel().SendWith(&ipcMessage{N: n - 1 - i}, &ipc.SendOptions{Handle: listener}))
		}
	})
}
