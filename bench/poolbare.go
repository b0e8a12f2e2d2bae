package main

import (
	"time"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

// bareJob and bareResult have the form of a pool's messages.
type bareJob struct {
	ID  uint64 `json:"id"`
	Job string `json:"job"`
}

type bareResult struct {
	ID     uint64 `json:"id"`
	Result string `json:"result"`
}

// barePool is the channels of a pool of forked workers without the pool. It has as many messages
// under way as the load.
type barePool struct {
	loop      *reactor.Loop
	children  []*childprocess.ChildProcess
	removeDir func()
	onMessage func(c *childprocess.ChildProcess, m *ipc.Message)
}

// bareWorker is a program that sends the jobs of a channel back.
type bareWorker struct {
	module    string
	args      []string
	fork      childprocess.ForkOptions
	removeDir func() // removes the files of the program; nil without
}

func bareWorkerGo() bareWorker {
	return bareWorker{module: self(), args: []string{"-child-pool", "bare"}}
}

func bareWorkerNode(node string) bareWorker {
	file, remove := poolScript("poolworker.js")
	return bareWorker{file, []string{"plain"}, childprocess.ForkOptions{ExecPath: node}, remove}
}

func newBarePool(w bareWorker) *barePool {
	p := &barePool{loop: newLoop(), removeDir: w.removeDir}
	for range poolWorkers {
		child, err := childprocess.Fork(p.loop, w.module, w.args, &w.fork)
		check(err)
		child.OnError(check)
		child.OnMessage(func(m *ipc.Message) { p.onMessage(child, m) })
		p.children = append(p.children, child)
	}
	return p
}

func (p *barePool) echo(n int, load poolLoad) time.Duration {
	each := min(load.all, load.each*poolWorkers)
	sent, answered := 0, 0
	send := func(c *childprocess.ChildProcess) {
		sent++
		check(c.Send(&bareJob{uint64(sent), poolText}))
	}
	p.onMessage = func(c *childprocess.ChildProcess, m *ipc.Message) {
		var r bareResult
		check(m.Decode(&r))
		mustEcho(r.Result)
		if answered++; answered == n {
			p.loop.Stop()
		}
		if sent < n {
			send(c)
		}
	}
	start := time.Now()
	for i := range min(each, n) {
		send(p.children[i%poolWorkers])
	}
	check(p.loop.Run())
	return time.Since(start)
}

func (p *barePool) close() {
	for _, c := range p.children {
		c.Disconnect()
	}
	check(p.loop.Run())
	check(p.loop.Close())
	if p.removeDir != nil {
		p.removeDir()
	}
}

// bareChild is a bare worker in Go.
func bareChild() {
	l := newLoop()
	c, err := ipc.Parent(l)
	check(err)
	c.OnMessage(func(m *ipc.Message) {
		var job bareJob
		check(m.Decode(&job))
		check(c.Send(&bareResult{job.ID, job.Job}))
	})
	check(l.Run())
	check(l.Close())
}
