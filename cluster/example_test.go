package cluster_test

import (
	"cmp"
	"fmt"
	"hash/maphash"
	"log"
	"net"
	"net/http"
	"os"
	"runtime"
	"slices"
	"syscall"
	"time"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/cluster"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/signals"
)

// A Go program runs a Node server, unmodified, on all processors, and replaces workers that die.
func Example() {
	loop, err := reactor.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer loop.Close()
	c, err := cluster.New(loop, &cluster.Options{ExecPath: "node", Module: "server.js"})
	if err != nil {
		log.Fatal(err)
	}
	fork := func() {
		if _, err := c.Fork(nil); err != nil {
			log.Print(err)
		}
	}
	c.OnError(func(err error) { log.Print(err) })
	c.OnExit(func(e *cluster.Exit) {
		log.Printf("worker %d: %s", e.Worker.ID(), e.Status)
		if !e.Worker.ExitedAfterDisconnect() {
			// A pause, because a worker that always dies at once would use a whole processor.
			loop.SetTimeout(100*time.Millisecond, fork)
		}
	})
	for range runtime.NumCPU() {
		fork()
	}
	if err := loop.Run(); err != nil {
		log.Fatal(err)
	}
}

// A worker in Go, for a Go or a Node primary: an http.Server that shuts down in order.
func ExampleJoin() {
	workers := childprocess.Workers{"web": func(loop *reactor.Loop, parent *ipc.Channel, _ []string) error {
		self, err := cluster.Join(loop, parent)
		if err != nil {
			return err
		}
		return self.Listen("tcp", ":8080", nil, func(s *cluster.Server, err error) {
			if err != nil {
				log.Fatal(err)
			}
			web := &http.Server{Handler: http.DefaultServeMux}
			// Otherwise idle clients keep the worker alive.
			self.OnLeave(func() { web.SetKeepAlivesEnabled(false) })
			go func() { log.Print(web.Serve(s)) }() // It ends with the server.
		})
	}}
	if worker, err := workers.Run(); worker {
		if err != nil {
			log.Fatal(err)
		}
		os.Exit(0)
	}
	// This is the primary: cluster.New(loop, &cluster.Options{Self: "web"}).
}

// A client always gets the same worker while that worker lives: the one with the highest hash of
// the client's address and the worker (rendezvous hashing). If a worker comes or goes, only its own
// clients move. To keep a client with the successor of its worker, hash the place of a worker and
// not its ID.
func ExampleOptions_sticky() {
	seed := maphash.MakeSeed()
	pick := func(i *cluster.Incoming) *cluster.Worker {
		client := i.Remote.Addr()
		return slices.MaxFunc(i.Workers, func(a, b *cluster.Worker) int {
			return cmp.Compare(maphash.Comparable(seed, [2]any{client, a.ID()}), maphash.Comparable(seed, [2]any{client, b.ID()}))
		})
	}
	_ = &cluster.Options{ExecPath: "node", Module: "server.js", Pick: pick}
}

// A rolling deploy: on SIGHUP all workers are replaced, one by one, by the program that is on the
// disk then. Connections wait or are answered, even if the new version fails.
func ExampleCluster_Reload() {
	var loop *reactor.Loop
	var c *cluster.Cluster
	w, err := signals.Watch(loop, syscall.SIGHUP, func(signals.Signal) {
		err := c.Reload(&cluster.ReloadOptions{ReadyTimeout: 30 * time.Second}, func(err error) {
			if err != nil {
				log.Print("the old workers stay: ", err)
			}
		})
		if err != nil {
			log.Print(err) // A reload is under way.
		}
	})
	if err != nil {
		log.Fatal(err)
	}
	w.Unref()
}

// Another version in another directory. All its workers listen before the first old one exits. If
// one does not listen, the old version stays.
func ExampleCluster_Upgrade() {
	var c *cluster.Cluster
	err := c.Upgrade(&cluster.Program{ExecPath: "node", Module: "/srv/v2/server.js"}, nil, func(err error) {
		if err != nil {
			log.Print("still the old version: ", err)
		}
	})
	if err != nil {
		log.Print(err)
	}
}

// Listen before there is a worker: connections wait and are not refused.
func ExampleCluster_Listen() {
	loop, err := reactor.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer loop.Close()
	c, err := cluster.New(loop, &cluster.Options{Self: "accept", Args: []string{"tcp", "127.0.0.1:0"}})
	if err != nil {
		log.Fatal(err)
	}
	addr, err := c.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	conn, err := net.Dial("tcp", addr.String())
	if err != nil {
		log.Fatal(err)
	}
	if _, err := c.Fork(nil); err != nil {
		log.Fatal(err)
	}
	release := loop.Hold()
	// It ends with the connection; the loop waits for it.
	go func() {
		defer release()
		s, _ := answer(conn)
		fmt.Println("worker", s)
		_ = loop.Post(func() { c.Disconnect(nil) })
	}()
	if err := loop.Run(); err != nil {
		log.Fatal(err)
	}
	// Output: worker 1
}
