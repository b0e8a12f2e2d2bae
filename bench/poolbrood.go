package main

import (
	"context"
	"strconv"
	"time"

	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/pool"
	"github.com/brood-go/brood/reactor"
)

// poolProgram is the program of a pool's workers.
type poolProgram struct {
	options   pool.Options
	removeDir func() // removes the files of the program; nil without
}

// goWorkers returns workers that are this program and have up to inFlight jobs at the same time.
// mode is "onloop" or "goroutines", or "fleet" for those of an agent.
func goWorkers(mode string, inFlight int) poolProgram {
	return poolProgram{options: pool.Options{
		Module: self(), Args: []string{"-child-pool", mode, strconv.Itoa(inFlight)}, Max: poolWorkers, InFlight: inFlight,
	}}
}

// nodeWorkers returns workers in Node. mode is "plain", for a worker without a library, or
// "helper".
func nodeWorkers(node, mode string, inFlight int) poolProgram {
	file, remove := poolScript("poolworker.js")
	o := pool.Options{
		ExecPath: node, Module: file, Args: []string{mode, strconv.Itoa(inFlight)}, Max: poolWorkers, InFlight: inFlight,
	}
	if mode == "plain" {
		o.Ready = pool.ReadySpawn
	}
	return poolProgram{o, remove}
}

// broodPool is a pool of brood and its loop.
type broodPool struct {
	*pool.Pool
	loop      *reactor.Loop
	removeDir func()
}

// newBroodPool starts a pool and waits until its workers are ready.
func newBroodPool(program poolProgram) *broodPool { return newBroodPoolOn(newLoop(), program) }

// newBroodPoolOn is newBroodPool on a given loop.
func newBroodPoolOn(l *reactor.Loop, program poolProgram) *broodPool {
	p := openBroodPool(l, program)
	ready := 0
	listener := p.OnWorkerReady(func(pool.Worker) {
		if ready++; ready == program.options.Max {
			p.loop.Stop()
		}
	})
	check(p.loop.Run())
	listener.Off()
	return p
}

// openBroodPool starts a pool and does not wait.
func openBroodPool(l *reactor.Loop, program poolProgram) *broodPool {
	p := &broodPool{loop: l, removeDir: program.removeDir}
	var err error
	p.Pool, err = pool.New(p.loop, &program.options)
	check(err)
	p.OnError(check)
	return p
}

// newSharedLoop returns a loop that sleeps in the runtime's poller, for a program that exchanges
// work with goroutines.
func newSharedLoop() *reactor.Loop {
	l, err := reactor.New(&reactor.Options{Netpoll: true})
	check(err)
	return l
}

func (p *broodPool) echo(n int, load poolLoad) time.Duration {
	sent, answered := 0, 0
	var next func()
	done := func(r *pool.Result, err error) {
		check(err)
		var text string
		check(r.Decode(&text))
		mustEcho(text)
		if answered++; answered == n {
			p.loop.Stop()
		}
		if sent < n {
			next()
		}
	}
	next = func() {
		sent++
		_, err := p.Run(poolText, nil, done)
		check(err)
	}
	start := time.Now()
	for range min(load.all, n) {
		next()
	}
	check(p.loop.Run())
	return time.Since(start)
}

func (p *broodPool) close() {
	p.Stop(nil, func(*pool.StopReport) {})
	check(p.loop.Run())
	check(p.loop.Close())
	if p.removeDir != nil {
		p.removeDir()
	}
}

// poolChild is a worker in Go.
func poolChild(mode string, args []string) {
	switch mode {
	case "bare":
		bareChild()
		return
	case "roadrunner":
		roadRunnerChild()
		return
	}
	concurrency, err := strconv.Atoi(args[0])
	check(err)
	l := newLoop()
	if mode == "goroutines" {
		l = newSharedLoop()
	}
	parent, err := ipc.Parent(l)
	check(err)
	check(pool.ServeWith(l, parent, pool.Handlers{
		"": func(_ context.Context, j *pool.Job) (any, error) {
			if mode == "fleet" {
				return fleetEcho(j)
			}
			if p := j.Attachment(); p != nil {
				return attachedEcho(j.Method(), p), nil
			}
			var text string
			err := j.Decode(&text)
			return text, err
		},
	}, &pool.ServeOptions{Concurrency: concurrency, OnLoop: mode != "goroutines"}))
	check(l.Run())
	check(l.Close())
}

// attachedEcho sends an attachment back, or its length for the method "take".
func attachedEcho(method string, p []byte) any {
	if method == "take" {
		return len(p)
	}
	return pool.Reply{Value: len(p), Attach: p}
}
