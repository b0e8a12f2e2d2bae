// Cluster is a TCP server of several processes, as Node's cluster has it, with a Go primary:
// connections go to the workers in turn. A worker answers "worker N pid P" and closes. The
// workers are this program again, or with -node a Node program that was written for cluster.
//
//	go run ./examples/cluster [-addr HOST:PORT] [-workers N] [-node]
//	nc 127.0.0.1 9852
//
// The host is an IP address or nothing. If a worker dies it is replaced, and the connections that
// it had not taken go to another. SIGINT or SIGTERM ends the program once every connection it has
// accepted is answered; a second one ends it at once. Then it prints how many connections each
// worker got.
//
// What it shows: a cluster that keeps its workers (cluster.go), and the two sides of Node's
// protocol (worker.go, worker.js).
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/brood-go/brood/cluster"
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

func complain(err error) { fmt.Fprintln(os.Stderr, err) }

func run(addr string, n int, node bool) (err error) {
	loop, err := reactor.New(nil)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "cluster") // For worker.js: Node's workers are files.
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	p, listening, err := newPool(loop, addr, n, node, dir)
	if err != nil {
		return err
	}
	if _, err := signals.StopOn(loop, func(signals.Signal) { p.stop() }); err != nil {
		return err
	}
	left := n
	p.OnListening(func(*cluster.Listening) {
		if left--; left == 0 {
			fmt.Println("listening on", listening)
		}
	})
	if err := loop.Run(); err != nil {
		return err
	}
	if p.err == nil {
		for _, at := range p.places {
			fmt.Printf("worker %d: %d connections\n", at.number, at.served)
		}
	}
	return errors.Join(p.err, loop.Close())
}
