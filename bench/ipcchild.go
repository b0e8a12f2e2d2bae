package main

import (
	"time"

	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

// orderFollows is the N of a message before an ipcOrder. It saves the child from looking at the
// type of each message.
const orderFollows = -1

// ipcOrder tells the child its job from now on, or once:
//
//	echo    send every message back
//	source  send Message Count times
//	sink    count messages up to the one whose n is 0, then send {n: count}; close the handles that come with them
type ipcOrder struct {
	Job     string      `json:"job"`
	Count   int         `json:"count,omitempty"`
	Message *ipcMessage `json:"message,omitempty"`
}

// ipcChild obeys the orders of its parent until the parent disconnects.
func ipcChild(busy time.Duration) {
	l, err := reactor.New(&reactor.Options{BusyPoll: busy})
	check(err)
	c, err := ipc.Parent(l)
	check(err)
	job, received, ordered := "echo", 0, false
	c.OnMessage(func(m *ipc.Message) {
		if ordered {
			ordered = false
			var order ipcOrder
			check(m.Decode(&order))
			if order.Job == "source" {
				sendAll(c, order.Count, *order.Message)
			} else {
				job, received = order.Job, 0
			}
			return
		}
		var in ipcMessage
		check(m.Decode(&in))
		switch {
		case in.N == orderFollows:
			ordered = true
		case job == "echo":
			check(c.Send(&in))
		default:
			if h := m.Handle(); h != nil {
				check(h.Close())
			}
			if received++; in.N == 0 {
				check(c.Send(&ipcMessage{N: received}))
				received = 0
			}
		}
	})
	check(l.Run())
	check(l.Close())
}
