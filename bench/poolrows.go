package main

import (
	"context"
	"sync"
	"time"

	"github.com/brood-go/brood/bench/samples"
	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/pool"
)

// runOne runs the loop until one job is done.
func (p *broodPool) runOne(job any, o *pool.RunOptions) (result *pool.Result) {
	_, err := p.Run(job, o, func(r *pool.Result, err error) {
		check(err)
		result = r
		p.loop.Stop()
	})
	check(err)
	check(p.loop.Run())
	return result
}

// poolContestant returns a contestant whose pool stays for all rounds.
func poolContestant[P poolPeer](name string, start func() P, run func(P) time.Duration, targets ...target) contestant {
	var p P
	started := false
	return contestant{
		name: name, targets: targets,
		setUp: func() (tearDown func()) {
			if !started {
				p, started = start(), true
			}
			return func() {}
		},
		run:   func() time.Duration { return run(p) },
		close: func() { p.close() },
	}
}

// inOtherProcesses marks a contestant whose work is done in other processes.
func inOtherProcesses(c contestant) contestant {
	c.elsewhere = true
	return c
}

// poolLarge sends n attachments of 16 MiB there and back, one at a time. A library without
// attachments sends a string, and threads copy a buffer.
func poolLarge(n int) scenario {
	const mib = 16
	data := make([]byte, mib<<20)
	run := func(p *broodPool) time.Duration {
		start := time.Now()
		for range n {
			r := p.runOne(nil, &pool.RunOptions{Attach: data})
			mustEqual(len(r.Attach), len(data))
		}
		return time.Since(start)
	}
	s := scenario{name: "pool, 16 MiB there and back", unit: "MiB", ops: float64(n * mib)}
	first := []target{{"workerpool", 1}, {"piscina", 1}, {jestWorker, 1}}
	s.contestants = append(s.contestants,
		poolContestant(poolGo, func() *broodPool { return newBroodPool(goWorkers("goroutines", 1)) }, run, first...))
	if node, ok := findPeer("node"); ok {
		s.contestants = append(s.contestants, poolContestant(poolNode+" helper", func() *broodPool {
			program := nodeWorkers(node, "helper", 1)
			program.options.Attachments = true
			return newBroodPool(program)
		}, run, first...))
	}
	for i := range s.contestants {
		s.contestants[i].because = "piscina's workers are threads: a buffer is copied in memory, not through a socket"
	}
	s.contestants[0].because = "two memory files are filled and one is read: because each has new pages, the kernel takes as long for that as for a round trip, and several times as long as for copies between threads"
	return s.withNPM(func(p *scriptPoolServer) time.Duration { return p.large(n, len(data)) })
}

// withNPM adds the pools from npm that are installed.
func (s scenario) withNPM(run func(*scriptPoolServer) time.Duration) scenario {
	node, ok := findPeer("node")
	for _, name := range npmPools {
		if ok && lookNPM(name) == nil {
			start := func() *scriptPoolServer { return newScriptPool(node, "pool.js", name) }
			s.contestants = append(s.contestants, inOtherProcesses(poolContestant(name, start, run)))
		}
	}
	return s
}

// poolBeside has one worker do n small jobs, one at a time, and measures their 99th percentile.
// Meanwhile the other worker is sent 64 MiB again and again.
func poolBeside(n int) scenario {
	data := make([]byte, 64<<20)
	start := func() *broodPool { return newBroodPool(goWorkers("onloop", 1)) }
	small := func(p *broodPool) time.Duration { return p.percentile99(n) }
	beside := func(p *broodPool) time.Duration {
		ending, idle := false, false
		var again func()
		again = func() {
			_, err := p.Run(nil, &pool.RunOptions{Method: "take", Attach: data}, func(r *pool.Result, err error) {
				check(err)
				if idle = ending; idle {
					p.loop.Stop()
					return
				}
				again()
			})
			check(err)
		}
		again()
		took := p.percentile99(n)
		for ending = true; !idle; {
			check(p.loop.Run())
		}
		return took
	}
	s := scenario{
		name: "pool, 99th percentile of small jobs", unit: "job", ops: 1, rounds: 3,
		contestants: []contestant{
			poolContestant(poolGo+", other worker idle", start, small),
			poolContestant(poolGo+", other worker sent 64 MiB", start, beside),
		},
	}
	s.contestants[1].targets = []target{{s.contestants[0].name, 2}}
	return s
}

// percentile99 does n jobs, one after the other, and returns the 99th percentile of their times.
func (p *broodPool) percentile99(n int) time.Duration {
	times := make([]time.Duration, n)
	for i := range times {
		start := time.Now()
		p.runOne(poolText, nil)
		times[i] = time.Since(start)
	}
	return samples.Quantile(times, 0.99)
}

// poolStart makes a pool; the time is until both of its workers have done a job.
func poolStart() scenario {
	s := scenario{name: "pool, start to first results", unit: "pool", ops: 1}
	add := func(name string, program func() poolProgram, targets ...target) {
		s.contestants = append(s.contestants, contestant{name: name, targets: targets, run: func() time.Duration {
			return startPool(program())
		}})
	}
	first := []target{{"workerpool", 1}, {jestWorker, 1}}
	if node, ok := findPeer("node"); ok {
		add(poolNode, func() poolProgram { return nodeWorkers(node, "plain", 1) }, first...)
		add(poolNode+" helper", func() poolProgram { return nodeWorkers(node, "helper", 1) }, first...)
	}
	add(poolGo, func() poolProgram { return goWorkers("onloop", 1) })
	return s.withNPM(func(p *scriptPoolServer) time.Duration { return p.startAnother() })
}

func startPool(program poolProgram) time.Duration {
	start := time.Now()
	p := openBroodPool(newLoop(), program)
	ready, done := 0, 0
	p.OnWorkerReady(func(pool.Worker) {
		if ready++; ready < poolWorkers {
			return
		}
		for range poolWorkers { // One each: a worker has one job at a time.
			_, err := p.Run(poolText, nil, func(_ *pool.Result, err error) {
				check(err)
				if done++; done == poolWorkers {
					p.loop.Stop()
				}
			})
			check(err)
		}
	})
	check(p.loop.Run())
	took := time.Since(start)
	p.close()
	return took
}

// poolReplace kills a pool's only worker n times; the time is until another one has answered a job.
// The floor is the start of a worker until it has answered.
func poolReplace(n int) scenario {
	s := scenario{name: "pool, worker killed to answer of the next", unit: "worker", ops: float64(n)}
	replace := func(p *broodPool) time.Duration {
		number := p.runOne(poolText, nil).Worker.Number
		start := time.Now()
		for range n {
			p.Kill(number)
			number = p.runOne(poolText, nil).Worker.Number
		}
		return time.Since(start)
	}
	single := func() *broodPool {
		program := goWorkers("onloop", 1)
		program.options.Max = 1
		return newBroodPool(program)
	}
	s.contestants = []contestant{
		{name: "spawn to answer", run: func() time.Duration { return spawnToAnswer(n) }},
		poolContestant(poolGo, single, replace, target{"spawn to answer", 2}),
	}
	return s
}

// spawnToAnswer starts n bare workers, one after the other, each until it has answered.
func spawnToAnswer(n int) (sum time.Duration) {
	l := newLoop()
	w := bareWorkerGo()
	for range n {
		start := time.Now()
		child, err := childprocess.Fork(l, w.module, w.args, &w.fork)
		check(err)
		child.OnMessage(func(m *ipc.Message) {
			var r bareResult
			check(m.Decode(&r))
			mustEcho(r.Result)
			sum += time.Since(start)
			child.Disconnect()
		})
		check(child.Send(&bareJob{1, poolText}))
		check(l.Run())
	}
	check(l.Close())
	return sum
}

// poolDo has that many goroutines do n small jobs, each waiting for its own. The loop sleeps in the
// runtime's poller, as is recommended for Do. One row shows the cost without that.
func poolDo(goroutines, n int) scenario {
	each := max(1, goroutines/poolWorkers)
	load := poolLoad{each: each, all: goroutines}
	name := "pool Do, 1 goroutine"
	if goroutines > 1 {
		name = "pool Do, 8 goroutines"
	}
	start := func() *broodPool { return newBroodPool(goWorkers("onloop", each)) }
	startShared := func() *broodPool { return newBroodPoolOn(newSharedLoop(), goWorkers("onloop", each)) }
	do := func(p *broodPool) time.Duration { return p.do(n, goroutines) }
	s := scenario{
		name: name, unit: "job", ops: float64(n),
		contestants: []contestant{
			poolContestant(poolGo+", Run", start, func(p *broodPool) time.Duration { return p.echo(n, load) }),
			poolContestant(poolGo+", Do", startShared, do, target{roadRunner, 0.95}),
			poolContestant(poolGo+", Do, without Netpoll", start, do),
			poolContestant(roadRunner, newRoadRunner, func(p poolPeer) time.Duration { return p.echo(n, load) }),
		},
	}
	s.contestants[1].because = "the rest is system calls: before each sleep the loop asks its poller, and the runtime asks its own"
	return s
}

func (p *broodPool) do(n, goroutines int) time.Duration {
	var all sync.WaitGroup
	start := time.Now()
	for range goroutines {
		all.Go(func() {
			for range n / goroutines {
				var text string
				check(p.Do(context.Background(), poolText, &text, nil))
				mustEcho(text)
			}
		})
	}
	// This goroutine ends with the jobs and stops the loop, which is waited for.
	go func() {
		all.Wait()
		p.loop.Stop()
	}()
	check(p.loop.Run())
	return time.Since(start)
}
