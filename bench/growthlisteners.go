package main

import (
	"time"

	"github.com/brood-go/brood/events"
)

// becauseScattered is the reason why a change among 10,000 listeners costs more than among 100,
// although no listener is searched for and the list is not copied.
const becauseScattered = "the listeners and their list are larger than the processor's first caches, so the oldest listener, which is removed, has to be fetched from memory"

var listenerCounts = []int{1, 10, 100, 1000, 10_000}

// listenerGrowth adds a listener and removes the oldest one, with more and more listeners.
func listenerGrowth(n int) scenario {
	g := growth{name: "a listener on and off with the number of listeners", unit: "change", with: "listeners", ops: float64(n), sizes: listenerCounts}
	g.series = []series{{
		name: "brood", exponent: flat, because: becauseScattered,
		run: func(count int) time.Duration {
			var e events.Event[int]
			ring := make([]*events.Listener, count)
			for i := range ring {
				ring[i] = e.On(func(int) {})
			}
			start := time.Now()
			for i := range n {
				added := e.On(func(int) {})
				ring[i%count].Off()
				ring[i%count] = added
			}
			d := time.Since(start)
			mustEqual(e.Len(), count)
			return d
		},
	}}
	return g.withNode("listeners", n).scenario()
}

// emitGrowth calls more and more listeners. The time is that of one call.
func emitGrowth(n int) scenario {
	g := growth{name: "a call of a listener with the number of listeners", unit: "call", with: "listeners", ops: float64(n), sizes: listenerCounts}
	g.series = []series{{
		name: "brood", exponent: flat,
		run: func(count int) time.Duration {
			var e events.Event[int]
			called := 0
			for range count {
				e.On(func(int) { called++ })
			}
			start := time.Now()
			for range n / count {
				e.Emit(1)
			}
			d := time.Since(start)
			mustEqual(called, n/count*count)
			return d
		},
	}}
	return g.withNode("emit", n).scenario()
}

// withNode adds the EventEmitter of Node, Bun and Deno, by an order of work.go.
func (g growth) withNode(order string, n int) growth {
	for _, p := range workPeers() {
		if p.name != "node" && p.name != "bun" && p.name != "deno" {
			continue
		}
		server := p.server()
		g.series = append(g.series, series{
			name: p.name, missing: p.missing, close: server.close,
			run: func(count int) time.Duration { return time.Duration(server.ask("%s %d %d", order, n, count)) },
		})
	}
	return g
}
