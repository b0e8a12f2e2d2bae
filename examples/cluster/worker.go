package main

import (
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/cluster"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

// The two kinds of worker do the same: serve, in a process that is this program again, and
// worker.js.
var workers = childprocess.Workers{"serve": serve}

// serve answers the connections of the server that it asks the primary for.
func serve(loop *reactor.Loop, parent *ipc.Channel, args []string) error {
	answer := fmt.Sprintf("worker %s pid %d\n", os.Getenv("WORKER"), os.Getpid())
	// ^C goes to all processes of the terminal; it is the primary that ends its workers.
	signal.Ignore(syscall.SIGINT)
	// A message that makes no sense, or one that is lost. None of them ends the channel.
	parent.OnError(complain)
	self, err := cluster.Join(loop, parent)
	if err != nil {
		return err
	}
	o := &cluster.ListenOptions{OnConnection: func(connection *streams.Duplex) {
		connection.Readable.Destroy(nil)
		// The client has gone. The connection is closed by itself.
		connection.Writable.OnError(func(error) {})
		_, _ = connection.Writable.WriteString(answer) // OnError reports its errors.
		connection.Writable.End()
	}}
	return self.Listen("tcp", net.JoinHostPort(args[0], args[1]), o, func(_ *cluster.Server, err error) {
		if err != nil {
			complain(err)
		}
	})
}
