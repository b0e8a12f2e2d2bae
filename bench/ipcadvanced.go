package main

import (
	"time"

	"github.com/brood-go/brood/ipc"
)

// becauseAdvanced has the reason for each way, by a profile.
var becauseAdvanced = map[string]string{
	"one way":    "most of the receiver's time is reading values, which are stored in the fields of records by reflection",
	"round trip": "as for a small JSON message, two thirds of the time is the system calls of both ends",
}

// ipcAdvanced sends messages in V8's structured clone format: to a child and back, or from a child
// as fast as it can. A runtime without V8 uses a format of its own.
func ipcAdvanced(name, unit string, at place, m *ipcMessage, n int) scenario {
	job, way := func(p ipcPair) time.Duration { return p.source(n, m) }, "one way"
	if unit == "round trip" {
		job, way = func(p ipcPair) time.Duration { return p.echo(n, m) }, unit
	}
	s := scenario{
		name: "ipc advanced " + way + ", " + name, unit: unit, ops: float64(n),
		contestants: []contestant{at.pair("brood", job, func() ipcPair { return newAdvancedPair() })},
	}
	s.contestants[0].targets, s.contestants[0].because = []target{{"node", 0.6}}, becauseAdvanced[way]
	if way == "one way" {
		value := func(m *ipc.Message) {
			_, err := m.Value()
			check(err)
		}
		s.contestants = append(s.contestants, at.pair("brood, Value", func(p ipcPair) time.Duration {
			return p.(*forkPair).receive(n, m, value)
		}, func() ipcPair { return newAdvancedPair() }))
	}
	return s.withRuntimes(at, job, "advanced", "node", "bun", "deno")
}
