package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/brood-go/brood/ipc"
)

// ipcMessage is the message of the IPC scenarios. The receiver decodes it, unless the contestant's
// name says otherwise: in Go into this struct, in JavaScript with JSON.parse, which is part of its
// process.on('message').
type ipcMessage struct {
	N    int      `json:"n"` // counts down to 0
	S    string   `json:"s,omitempty"`
	Rows []ipcRow `json:"rows,omitempty"`

	Dated []ipcDated `json:"dated,omitempty"`
}

type ipcRow struct {
	ID   int     `json:"id"`
	Name string  `json:"name"`
	Done bool    `json:"done"`
	Took float64 `json:"took"`
}

// ipcDated is a record with values for which JSON has no type: a time, more digits than JavaScript
// counts, a float32.
type ipcDated struct {
	ID    int64     `json:"id"`
	Name  string    `json:"name"`
	At    time.Time `json:"at"`
	Ratio float32   `json:"ratio"`
}

// mustBe fails unless m is number n of messages like want.
func (m *ipcMessage) mustBe(n int, want *ipcMessage) {
	mustEqual(m.N, n)
	mustEqual(len(m.S), len(want.S))
	mustEqual(len(m.Rows), len(want.Rows))
	mustEqual(len(m.Dated), len(want.Dated))
}

// ipcText is a message of n bytes as JSON, most of it one string: lines of text.
func ipcText(n int) *ipcMessage {
	const line = "the quick brown fox jumps over the lazy dog, over and over\n"
	room := n - len(`{"n":1000,"s":""}`)
	room -= room / (len(line) + 1) // A newline is two bytes.
	return &ipcMessage{S: strings.Repeat(line, room/len(line)+1)[:room]}
}

// ipcRows is a message of about n bytes as JSON: records of small members.
func ipcRows(n int) *ipcMessage {
	m := new(ipcMessage)
	for i := range n / len(`{"id":100,"name":"file number","done":false,"took":12.25},`) {
		m.Rows = append(m.Rows, ipcRow{i, "file number", i%2 == 0, float64(i) / 4})
	}
	return m
}

// ipcDatedRows is a message of about n bytes as JSON: records with a time, an id of 19 digits and a
// float32 each.
func ipcDatedRows(n int) *ipcMessage {
	m := new(ipcMessage)
	start := time.Date(2026, 1, 2, 3, 4, 5, 678_000_000, time.UTC)
	for i := range n / len(`{"id":4611686018427387904,"name":"file 100","at":"2026-01-02T03:04:05.678Z","ratio":14.285714},`) {
		at := start.Add(time.Duration(i) * time.Second)
		m.Dated = append(m.Dated, ipcDated{1<<62 + int64(i), fmt.Sprintf("file %d", i), at, float32(i) / 7})
	}
	return m
}

// busyPoll is the polling time of the contestants that poll busily: longer than a round trip.
const busyPoll = 50 * time.Microsecond

func ipcScenarios(n func(int) int) []scenario {
	const small, medium, large = 32, 1 << 10, 64 << 10
	var all []scenario
	for _, at := range places() {
		most := ipcEchoApart
		if at.parent == at.child {
			most = ipcEchoTogether
		}
		all = append(all, ipcRoundTrip("32 B, "+at.name, at, small, ipcText(small), n(1000), most))
	}
	apart := places()[len(places())-1]
	return append(all,
		ipcRoundTrip("1 KiB", apart, medium, ipcText(medium), n(800), ipcLimits{}),
		ipcRoundTrip("64 KiB", apart, large, ipcText(large), n(50), ipcLimits{}),
		ipcOneWay("32 B", apart, small, ipcText(small), n(20_000), ipcSmallOneWay),
		ipcOneWay("1 KiB", apart, medium, ipcText(medium), n(5000), ipcLimits{}),
		ipcOneWay("64 KiB", apart, large, ipcText(large), n(150), ipcLargeOneWay),
		ipcOneWay("64 KiB of records", apart, large, ipcRows(large), n(100), ipcRecords),
		ipcOneWay("64 KiB of dated records", apart, large, ipcDatedRows(large), n(100), ipcRecords),
		ipcAdvanced("32 B", "round trip", places()[0], ipcText(small), n(1000)),
		ipcAdvanced("32 B", "message", apart, ipcText(small), n(20_000)),
		ipcAdvanced("1 KiB of records", "message", apart, ipcRows(medium), n(3000)),
		ipcAdvanced("64 KiB of records", "message", apart, ipcRows(large), n(100)),
		ipcPosted(apart, ipcText(small), n(20_000)),
		ipcHandles(apart, n(500)),
		ipcLong(apart),
	)
}

// place says where the two processes of a pair run.
type place struct {
	name          string
	parent, child int // numbers of processors
}

// ipcLong sends a child the same number of bytes in long messages and in one that is four times as
// long: the cost of a byte must not grow with the length of its message.
func ipcLong(at place) scenario {
	const mib = 1 << 20
	long := func(n, size int) func(ipcPair) time.Duration {
		m := ipcText(size)
		return func(p ipcPair) (sum time.Duration) {
			for range n {
				sum += p.(*forkPair).sink(1, m)
			}
			return sum
		}
	}
	start := func() ipcPair { return newForkPair(0) }
	s := scenario{
		name: "ipc one way, long", unit: "MiB", ops: 64,
		contestants: []contestant{
			at.pair("brood, 4 × 16 MiB", long(4, 16*mib), start),
			at.pair("brood, 64 MiB", long(1, 64*mib), start),
		},
	}
	s.contestants[1].targets = []target{{s.contestants[0].name, 1.25}}
	return s
}

// ipcLimits are the targets of brood, and the reason if one is missed.
type ipcLimits struct {
	brood    []target
	because  string
	busyPoll []target
}

// The reasons are from perf(1) and strace(1) of both processes.
var (
	ipcEchoTogether = ipcLimits{
		brood:   []target{{"raw epoll", 1.5}, {"node", 0.65}, {"bun", 0.85}},
		because: "two thirds of the time is the system calls of both ends, as many as the raw pair's; a third is code in Go, of which the codec, the channel, the loop, the clock and the runtime's part in calls that may block take about a seventh each",
	}
	ipcEchoApart = ipcLimits{
		brood:    []target{{"raw epoll", 1.5}, {"node", 0.65}},
		because:  "most of the time is the kernel waking the other core, as for the raw pair; Options.BusyPoll avoids that",
		busyPoll: []target{{"raw blocking", 1}},
	}
	ipcSmallOneWay = ipcLimits{
		brood:   []target{{"bun", 0.4}},
		because: "the receiver is the slower end: a fourth of its time is memory for values and the collector, a fifth reading JSON, a tenth passing values by reflection, and much of the rest a callback for each message",
	}
	ipcLargeOneWay = ipcLimits{
		brood:   []target{{"node", 0.5}},
		because: "half of the receiver's time is the kernel's, which copies the text, wakes both processes and clears pages for strings; a fourth is the search for the escape at the end of each line",
	}
	ipcRecords = ipcLimits{
		brood:   []target{{"node", 0.5}, {"bun", 0.5}},
		because: "two thirds of the receiver's time is reading JSON, some 30 ns for each member of a record, and a fifth the kernel's",
	}
)

// ipcRoundTrip sends a message to a child, which sends it back, and so on. The raw contestants send
// the same number of bytes without looking at them: one waits in an epoll at both ends, as an event
// loop does, the other in reads that block.
func ipcRoundTrip(name string, at place, size int, m *ipcMessage, n int, most ipcLimits) scenario {
	echo := func(p ipcPair) time.Duration { return p.echo(n, m) }
	s := scenario{
		name: "ipc round trip, " + name, unit: "round trip", ops: float64(n),
		contestants: []contestant{
			at.pair("raw epoll", echo, func() ipcPair { return newRawPair("epoll", size) }),
			at.pair("raw blocking", echo, func() ipcPair { return newRawPair("blocking", size) }),
			at.pair("brood", echo, func() ipcPair { return newForkPair(0) }),
		},
	}
	s.contestants[2].targets, s.contestants[2].because = most.brood, most.because
	if at.parent != at.child {
		c := at.pair("brood BusyPoll", echo, func() ipcPair { return newForkPair(busyPoll) })
		c.targets = most.busyPoll
		s.contestants = append(s.contestants, c)
	}
	if node, ok := findPeer("node"); ok {
		s.contestants = append(s.contestants, at.pair("brood, child node", echo, func() ipcPair { return newScriptChild(node) }))
	}
	return s.withPeers(at, echo)
}

// ipcOneWay has a child send messages to its parent as fast as it can; "brood to node" is the other
// direction. The raw contestant writes each message with one call, and reads them without looking
// at them.
func ipcOneWay(name string, at place, size int, m *ipcMessage, n int, most ipcLimits) scenario {
	source := func(p ipcPair) time.Duration { return p.source(n, m) }
	reading := func(read func(*ipc.Message)) func(ipcPair) time.Duration {
		return func(p ipcPair) time.Duration { return p.(*forkPair).receive(n, m, read) }
	}
	brood := func() ipcPair { return newForkPair(0) }
	s := scenario{
		name: "ipc one way, " + name, unit: "message", ops: float64(n),
		contestants: []contestant{
			at.pair("raw", source, func() ipcPair { return newRawPair("blocking", size) }),
			at.pair("brood", source, brood),
			at.pair("brood, Value", reading(func(m *ipc.Message) {
				_, err := m.Value()
				check(err)
			}), brood),
			at.pair("brood, not decoded", reading(func(*ipc.Message) {}), brood),
		},
	}
	if size >= 64<<10 {
		s.bytes = size
	}
	s.contestants[1].targets, s.contestants[1].because = most.brood, most.because
	s.contestants[3].most.allocs = 1
	if node, ok := findPeer("node"); ok {
		child := func() ipcPair { return newScriptChild(node) }
		s.contestants = append(s.contestants,
			at.pair("brood from node", source, child),
			at.pair("brood to node", func(p ipcPair) time.Duration { return p.(*forkPair).sink(n, m) }, child),
		)
	}
	if m.Dated != nil {
		// Deno reads 19 digits as a bigint, which it cannot send.
		return s.withRuntimes(at, source, "json", "node", "bun")
	}
	return s.withPeers(at, source)
}

// withPeers adds the JavaScript runtimes that are installed, each as parent and child.
func (s scenario) withPeers(at place, job func(ipcPair) time.Duration) scenario {
	return s.withRuntimes(at, job, "json", "node", "bun", "deno")
}

// withRuntimes adds those of the named runtimes that are installed, with messages in the given
// serialization.
func (s scenario) withRuntimes(at place, job func(ipcPair) time.Duration, serialization string, names ...string) scenario {
	for _, name := range names {
		if command, ok := ipcCommand(name); ok {
			c := at.pair(name, job, func() ipcPair { return newScriptPair(serialization, command...) })
			c.elsewhere = true
			s.contestants = append(s.contestants, c)
		}
	}
	return s
}

// ipcPair is two connected processes. One of them does the jobs and measures the time.
type ipcPair interface {
	// echo sends like n times, each time after the answer to the message before.
	echo(n int, like *ipcMessage) time.Duration

	// source makes the child send like n times.
	source(n int, like *ipcMessage) time.Duration

	pids() (parent, child int)
	close()
}

// pair is a contestant whose two processes start before its first run and stay for all rounds, so
// the time includes neither the start of a process nor the warming up of a compiler.
func (at place) pair(name string, job func(ipcPair) time.Duration, start func() ipcPair) contestant {
	var p ipcPair
	return contestant{
		name: name,
		setUp: func() (tearDown func()) {
			if p == nil {
				p = start()
			}
			return at.pin(p)
		},
		run:   func() time.Duration { return job(p) },
		close: func() { p.close() },
	}
}
