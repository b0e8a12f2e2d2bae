package main

import "time"

// ipcPosted sends n messages to a child: all of them in one callback, or each in a posted function,
// as other goroutines do. Both make about the same number of system calls, which a test in package
// ipc counts; the difference is the cost of posting.
func ipcPosted(at place, m *ipcMessage, n int) scenario {
	sink := func(send func(p *forkPair)) func(ipcPair) time.Duration {
		return func(p ipcPair) time.Duration { return p.(*forkPair).sinkBy(n, send) }
	}
	next := func(p *forkPair, i int) {
		one := *m
		one.N = n - 1 - i
		p.send(&one)
	}
	pair := func() ipcPair { return newForkPair(0) }
	return scenario{
		name: "ipc posted sends, 32 B", unit: "message", ops: float64(n),
		contestants: []contestant{
			at.pair("brood, one callback", sink(func(p *forkPair) {
				for i := range n {
					next(p, i)
				}
			}), pair),
			at.pair("brood, posted", sink(func(p *forkPair) {
				for i := range n {
					check(p.loop.Post(func() { next(p, i) }))
				}
			}), pair),
		},
	}
}
