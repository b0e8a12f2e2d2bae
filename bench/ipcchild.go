package main

import (
	"time"

	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

// ipcOrder is what a child is told to do from now on, or once, when it has a Job; else it is a message.
//
//	echo    send every message back
//	source  send Message Count times
//	sink    count messages up to the one whose n is 0, then send {n: count}
type ipcOrder struct {
	Job     string      `json:"job,omitempty"`
	Count   int         `json:"count,omitempty"`
	Message *ipcMessage `json:"message,omitempty"`
	ipcMessage
}

// ipcChild does what its parent orders until the parent disconnects.
func ipcChild(busy time.Duration) {
	l, err := reactor.New(&reactor.Options{BusyPoll: busy})
	check(err)
	c, err := ipc.Parent(l)
	check(err)
	job, received := "echo", 0
	c.OnMessage(func(m *ipc.Message) {
		var in ipcOrder
		check(m.Decode(&in))
		switch {
		case in.Job == "source":
			sendAll(c, in.Count, *in.Message)
		case in.Job != "":
			job, received = in.Job, 0
		case job == "echo":
			check(c.Send(&in.ipcMessage))
		default:
			if received++; in.N == 0 {
				check(c.Send(&ipcMessage{N: received}))
				received = 0
			}
		}
	})
	check(l.Run())
	check(l.Close())
}
