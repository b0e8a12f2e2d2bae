package main

import (
	_ "embed"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/cluster"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

//go:embed peers/cluster.js
var clusterScript []byte

func writeClusterScript(dir string) (file string) {
	file = filepath.Join(dir, "cluster.js")
	check(os.WriteFile(file, clusterScript, 0o644))
	return file
}

// nodeCluster returns a process with a Node primary.
func nodeCluster(node, policy string) *server {
	return &server{command: func(dir string) *exec.Cmd { return exec.Command(node, writeClusterScript(dir), policy) }}
}

// broodCluster returns a process with a primary of this library. Its workers are Node's, or this
// program if node is "".
func broodCluster(node, policy string) *server {
	return &server{command: func(dir string) *exec.Cmd {
		return exec.Command(self(), "-child-cluster", policy, node, writeClusterScript(dir))
	}}
}

// clusterWorkers has the workers that are this program.
var clusterWorkers = childprocess.Workers{"cluster": clusterWorker}

// clusterPrimary is the process of broodCluster. It ends when its stdin does.
func clusterPrimary(policy, node, script string) {
	const workers = 2
	l, err := reactor.New(nil)
	check(err)
	o := &cluster.Options{Module: script, ExecPath: node}
	if node == "" {
		o = &cluster.Options{Self: "cluster"}
	}
	if policy == cluster.Shared.String() {
		o.Sched = cluster.Shared
	}
	c, err := cluster.New(l, o)
	check(err)
	c.OnError(check)
	port, listening := make(chan int64, 1), 0
	c.OnListening(func(g *cluster.Listening) {
		if listening++; listening == workers {
			port <- int64(g.Port)
		}
	})
	for range workers {
		_, err := c.Fork(nil)
		check(err)
	}
	// This goroutine ends with stdin. It then makes the loop end, and with it the program.
	go func() {
		p := <-port
		serve(func(string, []int) int64 { return p })
		check(l.Post(func() { c.Disconnect(nil) }))
	}()
	check(l.Run())
	check(l.Close())
}

// clusterWorker does the same as the workers of peers/cluster.js.
func clusterWorker(l *reactor.Loop, parent *ipc.Channel, _ []string) error {
	self, err := cluster.Join(l, parent)
	if err != nil {
		return err
	}
	o := &cluster.ListenOptions{OnConnection: func(d *streams.Duplex) {
		d.Readable.Destroy(nil)
		d.Writable.End()
	}}
	return self.Listen("tcp", "127.0.0.1:0", o, func(_ *cluster.Server, err error) { check(err) })
}
