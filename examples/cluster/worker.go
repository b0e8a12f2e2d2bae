package main

import (
	_ "embed"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

// The two kinds of worker do the same: serve, in a process that is this program again, and worker.js, by node -e.
var workers = childprocess.Workers{"serve": serve}

//go:embed worker.js
var script string

// serve answers each connection that the parent hands over.
func serve(loop *reactor.Loop, parent *ipc.Channel, args []string) error {
	answer := fmt.Sprintf("worker %s pid %d\n", args[0], os.Getpid())
	signal.Ignore(syscall.SIGINT) // ^C goes to all processes of the terminal; it is the parent that ends its workers.
	parent.OnMessage(func(m *ipc.Message) {
		handle := m.Handle()
		if handle == nil { // It was closed on its way.
			return
		}
		connection, err := handle.Duplex(loop)
		if err != nil {
			complain(err)
			return
		}
		connection.Readable.Destroy(nil)
		// It fails when the client has gone.
		_, _ = connection.Writable.WriteString(answer)
		connection.Writable.End()
	})
	return parent.Send("ready")
}

// fork starts a process for the worker with that number.
func fork(loop *reactor.Loop, number int, node bool) (*childprocess.ChildProcess, error) {
	args := []string{strconv.Itoa(number)}
	if node {
		return childprocess.Fork(loop, script, args, &childprocess.ForkOptions{ExecPath: "node", ExecArgv: []string{"-e"}})
	}
	return childprocess.ForkSelf(loop, "serve", args, nil)
}
