package main

import (
	"strconv"
	"strings"
	"time"
)

// The scenarios of peers are the table of every workload by every contestant. Each contestant is a
// process of its own, whose orders are the same in every language; the answer to each is the
// nanoseconds that it took:
//
//	spawn COUNT INFLIGHT    start that many children that do nothing, so many at once, each with three pipes and to its close
//	shell COUNT             run "echo hello" by the shell for its output, one at a time
//	gap COUNT               start that many children one at a time while a timer fires each millisecond: the longest time that
//	                        it has not fired in
//	stdout BYTES CHILDREN   read what so many children write, each so many bytes, all at once
//	lines COUNT             read so many lines of workLine bytes that a child writes
//	stdin BYTES             write so many bytes to a child that reads them to their end
//	listeners COUNT LIVING  add a listener to an emitter that has so many, and take the oldest one off, so often
//	emit COUNT LIVING       call so many listeners, by an emitter that has LIVING of them
//	timers COUNT            set so many timers over the next 100 ms, in mixed order, and let them fire
//	resets COUNT            reset one of 1024 timers to an hour from then, so often
//	heap BYTES              have so many bytes in memory from now on, all written to: the answer is BYTES
//	living COUNT            have so many children that do nothing but live: the answer is COUNT
//	ends COUNT              have so many more, and kill them one after the other, each when the one before has closed: the answer
//	                        is the nanoseconds that the latter took
//
// Its arguments end with a program that does nothing, with this program, whose -child-write and the
// like are the children, and with a program that lives until its stdin ends. Not every peer does
// what is asked for outside the scenarios of peers.

// shellCommand is run by a shell, and shellOutput what it says.
const (
	shellCommand = "echo hello"
	shellOutput  = "hello\n"
)

// workLine is what a line has with its newline, in bytes.
const workLine = 32

// workload is an order and what it is called.
type workload struct {
	name, unit string
	ops        float64
	order      string
	// the order to warm up with, if a round takes so long that there are few; empty: there are many
	brief   string
	because string // why brood is not the first, for when it is not
	async   string // the same for brood with Async, which takes part then
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

// What a profile says of the rows where others are ahead.
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

// heapScenario starts n children from a process that has so many bytes in memory. Each process is
// there for its round alone, because a machine has no memory for all of them at once.
func heapScenario(n, heap int) scenario {
	s := scenario{name: "peers, spawn to close, 2 GiB in the parent", unit: "child", ops: float64(n), few: true, matrix: true}
	for _, p := range workPeers() {
		server := p.server()
		s.contestants = append(s.contestants, contestant{
			// There is a child before each round.
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
