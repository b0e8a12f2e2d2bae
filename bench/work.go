package main

import (
	"strconv"
	"strings"
	"time"
)

// The scenarios of peers are the table of every workload by every contestant. Each contestant is a
// process of its own. The orders are the same in every language. The answer is the time in
// nanoseconds, unless the order says otherwise:
//
//	spawn COUNT INFLIGHT    start COUNT children that do nothing, INFLIGHT at a time, each with three pipes and to its close
//	shell COUNT             run "echo hello" by the shell for its output, one at a time
//	gap COUNT               start COUNT children one at a time while a timer fires each millisecond: the longest time in which
//	                        it has not fired
//	stdout BYTES CHILDREN   read the output of CHILDREN children at the same time, BYTES of each
//	lines COUNT             read COUNT lines of workLine bytes from a child
//	stdin BYTES             write BYTES to a child that reads them to their end
//	listeners COUNT LIVING  add a listener to an emitter that has LIVING, and remove the oldest one, COUNT times
//	emit COUNT LIVING       call COUNT listeners, by an emitter that has LIVING of them
//	timers COUNT            set COUNT timers over the next 100 ms, in mixed order, and let them fire
//	resets COUNT            reset one of 1024 timers to an hour from then, COUNT times
//	heap BYTES              have BYTES in memory from now on, all written to: the answer is BYTES
//	living COUNT            have COUNT children that only live: the answer is COUNT
//	kills COUNT             start COUNT more, then kill each when the one before has closed: the time of the kills
//
// The last arguments of a contestant are a program that does nothing, this program, which is the
// child for -child-write and the like, and a program that lives until its stdin ends. Not every
// peer knows the orders that only other scenarios use.

// shellCommand is a command for the shell, and shellOutput its output.
const (
	shellCommand = "echo hello"
	shellOutput  = "hello\n"
)

// workLine is the number of bytes of a line with its newline.
const workLine = 32

// workload is an order with its name.
type workload struct {
	name, unit string
	ops        float64
	order      string
	brief      string // order for the warm-up if a round takes long; empty: it does not
	because    string // reason if brood is not the first
	async      string // the same for brood with Async, which takes part if this is set
}

func workScenarios(n func(int) int) (all []scenario) {
	const mib = 1 << 20
	one, many, heap, shells, gap := n(50), n(192), n(4), n(50), n(100)
	stdout, each, stdin, lines := n(256*mib), n(32*mib), n(256*mib), n(10_000_000)
	for _, w := range []workload{
		{name: "spawn to close, one at a time", unit: "child", ops: float64(one), order: order("spawn", one, 1), because: becauseKernel},
		{name: "spawn to close, 64 in flight", unit: "child", ops: float64(many), order: order("spawn", many, 64), because: becauseThreads, async: becauseProcessors},
		{name: "echo by the shell", unit: "command", ops: float64(shells), order: order("shell", shells)},
		{name: "longest gap of a 1 ms timer while spawning", unit: "run", ops: 1, order: order("gap", gap), because: becauseBlocked},
		{name: "read a child's stdout", unit: "MiB", ops: float64(stdout) / mib, order: order("stdout", stdout, 1), because: becausePipe},
		{name: "read the stdout of 8 children at once", unit: "MiB", ops: 8 * float64(each) / mib, order: order("stdout", each, 8), because: becausePipe},
		{name: "read 10 M lines", unit: "line", ops: float64(lines), order: order("lines", lines), brief: order("lines", lines/20+1), because: becauseLines},
		{name: "feed a child's stdin", unit: "MiB", ops: float64(stdin) / mib, order: order("stdin", stdin), because: becausePipe},
	} {
		all = append(all, w.scenario())
	}
	return append(all, heapScenario(heap, 2<<30))
}

// The reasons, by a profile, for rows in which others are ahead.
const (
	becauseThreads    = "others start children on several threads, whose execve(2) overlap; Spawn returns the process id, so it starts one child after the other"
	becauseProcessors = "both processors are busy nearly all the time, four fifths of it in the kernel, and the loop's thread takes turns with those that start"
	becauseBlocked    = "Spawn blocks the loop's thread until the child has executed; with Async another thread waits"
	becausePipe       = "brood gives the child a pipe, which it can open again and splice, and libuv, Node and Bun give it a socket; the kernel allocates and charges a pipe's memory page by page, which takes twice as long as the copy, and wakes a writer as soon as one page is free"
	becauseLines      = "each line is an event whose listener may pause or close the stream or remove itself: checking for that takes as long as finding the end of a line"
)

func order(word string, args ...int) string {
	for _, arg := range args {
		word += " " + strconv.Itoa(arg)
	}
	return word
}

func (w workload) scenario() scenario {
	s := scenario{name: "peers, " + w.name, unit: w.unit, ops: w.ops, matrix: true}
	s.few = w.brief != ""
	verb, _, _ := strings.Cut(w.order, " ")
	peers := workPeers()
	if w.async != "" {
		peers = append(peers, workPeer{name: broodAsync, find: workGo(broodAsync)})
	}
	for _, p := range peers {
		if why, lacks := p.lacks[verb]; lacks {
			s.contestants = append(s.contestants, contestant{name: p.name, cannot: why})
			continue
		}
		server := p.server()
		c := contestant{
			name: p.name, missing: p.missing, elsewhere: true, close: server.close,
			run: func() time.Duration { return time.Duration(server.ask("%s", w.order)) },
		}
		if w.brief != "" {
			c.warmUp = func() { server.ask("%s", w.brief) }
		}
		switch p.name {
		case "brood":
			c.most.first, c.because = true, w.because
		case broodAsync:
			c.most.first, c.because = true, w.async
		}
		s.contestants = append(s.contestants, c)
	}
	return s
}

// heapScenario starts n children from a process with heap bytes in memory. Each process exists for
// its round alone, because the machine has no memory for all of them at the same time.
func heapScenario(n, heap int) scenario {
	s := scenario{name: "peers, spawn to close, 2 GiB in the parent", unit: "child", ops: float64(n), few: true, matrix: true}
	for _, p := range workPeers() {
		server := p.server()
		s.contestants = append(s.contestants, contestant{
			// setUp starts a child before each round.
			name: p.name, missing: p.missing, elsewhere: true, warmUp: func() {},
			setUp: func() (tearDown func()) {
				mustEqual(int(server.ask("heap %d", heap)), heap)
				server.ask("spawn 1 1")
				return server.close
			},
			run: func() time.Duration { return time.Duration(server.ask("spawn %d 1", n)) },
		})
		if p.name == "brood" {
			s.contestants[len(s.contestants)-1].most.first = true
		}
	}
	return s
}
