package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// The pool scenarios give small jobs to two workers, which send them back. In Go the job and its
// result are decoded into strings at both ends, in JavaScript by JSON.parse, which is part of its
// process.on('message'). The other libraries handle a text in their own way.

// poolWorkers is the number of workers of every contestant.
const poolWorkers = 2

// poolText is 30 bytes as JSON.
var poolText = strings.Repeat("0123456789", 3)[:28]

// poolLoad is the number of jobs under way at the same time.
type poolLoad struct {
	name string
	each int    // greatest number per worker, for contestants with such an option
	all  int    // number in all
	at   *place // where the processes run; nil: the kernel chooses
}

// poolPeer is a parent and its workers.
type poolPeer interface {
	// echo gives n jobs to the workers and waits for the results.
	echo(n int, load poolLoad) time.Duration
	close()
}

// poolScenarios are short and have many rounds: up to four processes share two cores, which is
// noisy.
func poolScenarios(n func(int) int) []scenario {
	core := places()[0]
	return []scenario{
		poolEcho(poolLoad{"one at a time, one core", 1, 1, &core}, n(300), 1.15),
		poolEcho(poolLoad{"one at a time", 1, 1, nil}, n(300), 1.15),
		poolEcho(poolLoad{"1 in flight each", 1, poolWorkers, nil}, n(600), 1.15),
		poolEcho(poolLoad{"16 in flight each", 16, 16 * poolWorkers, nil}, n(2000), 1.25),
		poolEcho(poolLoad{"64 in all", 16, 64, nil}, n(2000), 0),
		poolLarge(n(2)),
		poolBeside(n(1000)),
		poolStart(),
		poolReplace(n(3)),
		poolDo(1, n(1000)),
		poolDo(8, n(4000)),
	}
}

// The floors of the scenarios, and the contestants that others are compared with.
const (
	bareGo, bareNode = "bare channel", "bare channel, node"
	poolGo, poolNode = "brood pool", "brood pool, node"
	jestWorker       = "jest-worker"
	executor         = "ProcessPoolExecutor"
	roadRunner       = "RoadRunner"
)

// poolEcho does n small jobs. most is the target of a pool as a multiple of bare channels to the
// same workers; 0: no target.
func poolEcho(load poolLoad, n int, most float64) scenario {
	s := scenario{name: "pool echo, " + load.name, unit: "job", ops: float64(n), rounds: 3}
	add := func(name string, start func() poolPeer, targets ...target) {
		s.contestants = append(s.contestants, load.contestant(name, n, start, targets))
	}
	against := func(name string) (t []target) {
		if most > 0 {
			t = append(t, target{name, most})
		}
		return t
	}
	add(bareGo, func() poolPeer { return newBarePool(bareWorkerGo()) })
	add(poolGo, func() poolPeer { return newBroodPool(goWorkers("onloop", load.each)) },
		append(against(bareGo), target{roadRunner, 0.95}, target{executor, 0.15})...)
	add(poolGo+", goroutines", func() poolPeer { return newBroodPool(goWorkers("goroutines", load.each)) }, target{executor, 0.15})
	if node, ok := findPeer("node"); ok {
		add(bareNode, func() poolPeer { return newBarePool(bareWorkerNode(node)) })
		add(poolNode, func() poolPeer { return newBroodPool(nodeWorkers(node, "plain", load.each)) },
			append(against(bareNode), target{jestWorker, 0.45})...)
		add(poolNode+" helper", func() poolPeer { return newBroodPool(nodeWorkers(node, "helper", load.each)) }, target{jestWorker, 0.45})
	}
	for i := range s.contestants {
		s.contestants[i].because = poolBecause[s.contestants[i].name]
	}
	add(roadRunner, newRoadRunner)
	for _, p := range scriptPools() {
		add(p.name, p.start)
		s.contestants[len(s.contestants)-1].elsewhere = true
	}
	return s
}

// poolBecause has the reasons for missed targets, by comparing rows.
var poolBecause = map[string]string{
	poolGo:                  "without a core of its own each process waits for the others; pinned to one core the pool takes as long as the bare channel",
	poolGo + ", goroutines": "a job goes to a goroutine and its result comes back to the loop: with one job at a time that takes a dozen system calls in the worker, and a job on the loop takes three",
	poolNode:                "most of the time is Node's own channel at the other end, as the bare channel shows, and three processes share the cores",
	poolNode + " helper":    "most of the time is Node's own channel at the other end, as the bare channel shows, and the helper is JavaScript",
}

// contestant returns a contestant whose processes start before its first run and stay for all
// rounds.
func (load poolLoad) contestant(name string, n int, start func() poolPeer, targets []target) contestant {
	var p poolPeer
	return contestant{
		name: name, targets: targets,
		setUp: func() (tearDown func()) {
			unpin := load.pin()
			if p == nil {
				p = start()
			}
			return unpin
		},
		run:   func() time.Duration { return p.echo(n, load) },
		close: func() { p.close() },
	}
}

// pin makes this program, and the processes that it starts until unpin, run at the place of the
// load.
func (load poolLoad) pin() (unpin func()) {
	if load.at == nil {
		return func() {}
	}
	cpu := everyCPU
	cpu.Zero()
	cpu.Set(load.at.parent)
	setAffinity(os.Getpid(), &cpu)
	runtime.GOMAXPROCS(1)
	return func() {
		setAffinity(os.Getpid(), &everyCPU)
		runtime.GOMAXPROCS(runtime.NumCPU())
	}
}

// mustEcho fails unless the result of a job is the job.
func mustEcho(text string) {
	if text != poolText {
		fatal(fmt.Errorf("the result of a job is %q", text))
	}
}
