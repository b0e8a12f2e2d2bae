// Cluster accepts TCP connections and hands them to its workers, to each in turn: the descriptor itself goes to the
// worker's process, which answers "worker N pid P" and closes. The workers are this program again, or Node with -node.
//
//	go run ./examples/cluster [-addr HOST:PORT] [-workers N] [-node]
//	nc 127.0.0.1 9852
//
// A worker that dies is replaced. SIGINT or SIGTERM ends the program once every connection it has accepted is answered; a
// second one ends it at once. Then it prints how many connections each worker got.
//
// What it shows: handles that travel to Go and to Node alike (cluster.go, worker.go, worker.js), and ipc.Server, which
// knows when the last connection is closed, in whatever process.
package main

import (
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"syscall"

	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/signals"
)

func main() {
	if isWorker, err := workers.Run(); isWorker {
		exit(err)
	}
	addr := flag.String("addr", "127.0.0.1:9852", "`address` to listen on")
	n := flag.Int("workers", 4, "`number` of workers")
	node := flag.Bool("node", false, "have Node workers")
	flag.Parse()
	if flag.NArg() > 0 || *n < 1 {
		flag.Usage()
		os.Exit(2)
	}
	exit(run(*addr, *n, *node))
}

func exit(err error) {
	if err != nil {
		complain(err)
		os.Exit(1)
	}
	os.Exit(0)
}

func complain(err error) { fmt.Fprintln(os.Stderr, "cluster:", err) }

func run(addr string, n int, node bool) error {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	loop, err := reactor.New(nil)
	if err != nil {
		return err
	}
	c, err := newCluster(loop, ln, n, node)
	if err != nil {
		return err
	}
	var watchers []*signals.Watcher
	for _, s := range []signals.Signal{syscall.SIGINT, syscall.SIGTERM} {
		w, err := signals.Watch(loop, s, func(signals.Signal) {
			for _, w := range watchers {
				w.Close() // The next one does what it does by default.
			}
			c.stop()
		})
		if err != nil {
			return err
		}
		w.Unref()
		watchers = append(watchers, w)
	}
	fmt.Println("listening on", ln.Addr())
	if err := loop.Run(); err != nil {
		return err
	}
	for _, w := range c.workers {
		fmt.Printf("worker %d: %d connections\n", w.number, w.served)
	}
	return errors.Join(c.err, loop.Close())
}
