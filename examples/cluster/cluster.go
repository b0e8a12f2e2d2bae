package main

import (
	_ "embed"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/cluster"
	"github.com/brood-go/brood/reactor"
)

// restartPause is the time after which a worker that died is replaced, lest one that always does
// takes a processor.
const restartPause = 100 * time.Millisecond

//go:embed worker.js
var script []byte

// A pool is a cluster that keeps its number of workers.
type pool struct {
	*cluster.Cluster
	loop   *reactor.Loop
	places []*place
	in     map[*cluster.Worker]*place
	ending bool
	err    error // why, if not because of a signal
}

// A place is one of a worker. When its process dies, another one takes it.
type place struct {
	number int
	ready  bool // a process of it has come so far as to listen
	served int  // connections, by processes that have ended
}

// newPool listens, and starts n workers, whose program is this one or Node's worker.js in dir.
func newPool(loop *reactor.Loop, addr string, n int, node bool, dir string) (*pool, net.Addr, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, nil, err
	}
	o := &cluster.Options{Self: "serve", Args: []string{host, port}}
	if node {
		o.Self, o.ExecPath, o.Module = "", "node", filepath.Join(dir, "worker.js")
		if err := os.WriteFile(o.Module, script, 0o600); err != nil {
			return nil, nil, err
		}
	}
	c, err := cluster.New(loop, o)
	if err != nil {
		return nil, nil, err
	}
	p := &pool{Cluster: c, loop: loop, in: map[*cluster.Worker]*place{}}
	listening, err := c.Listen("tcp", addr) // Connections wait for the first worker.
	if err != nil {
		return nil, nil, err
	}
	c.OnListening(func(g *cluster.Listening) { p.in[g.Worker].ready = true })
	c.OnError(p.failed)
	c.OnExit(p.exited)
	for i := range n {
		p.places = append(p.places, &place{number: i + 1})
		if err := p.start(p.places[i]); err != nil {
			return nil, nil, err
		}
	}
	return p, listening, nil
}

// start starts a process for a place.
func (p *pool) start(at *place) error {
	w, err := p.Fork([]string{"WORKER=" + strconv.Itoa(at.number)})
	if err == nil {
		p.in[w] = at
	}
	return err
}

func (p *pool) exited(e *cluster.Exit) {
	at := p.in[e.Worker]
	delete(p.in, e.Worker)
	at.served += e.Worker.Served()
	if p.ending || e.Worker.ExitedAfterDisconnect() {
		return
	}
	death := fmt.Errorf("cluster: worker %d, pid %d: %s", at.number, e.Worker.Process().Pid(), e.Status)
	if !at.ready {
		p.fail(death) // The next one would not come further.
		return
	}
	complain(death)
	p.loop.SetTimeout(restartPause, func() {
		if p.ending {
			return
		}
		if err := p.start(at); err != nil {
			p.fail(err)
		}
	})
}

func (p *pool) failed(err error) {
	if cause, ok := errors.AsType[*childprocess.SpawnError](err); ok {
		p.fail(fmt.Errorf("cluster: %w", cause))
		return
	}
	complain(err)
}

// stop ends the cluster once every accepted connection is answered.
func (p *pool) stop() {
	p.ending = true
	p.Disconnect(nil)
}

// fail ends the cluster because there is no worker to be had.
func (p *pool) fail(err error) {
	if p.err == nil {
		p.err = err
	}
	p.ending = true
	p.Kill()
}
