package main

import (
	"fmt"
	"slices"
	"time"
)

// growthMost is the greatest number of open descriptors with which a spawn is measured.
const growthMost = 20_000

// becauseMoved is the reason, by strace(1), why the growth is not flat.
const becauseMoved = "from some 70 open descriptors on, a child's ends are first moved to low numbers, which takes nine system calls, and no more with 20,000"

// growthCounts returns the numbers of open descriptors to measure with, as far as the limit allows.
func growthCounts() []int {
	counts := []int{10, 100, 1000, 4000, 12_000, growthMost}
	for i, count := range counts {
		counts[i] = min(count, mostOpenFiles())
	}
	return slices.Compact(counts)
}

// spawnAmongFiles compares brood with itself: the cost of a child must not grow with the number of
// open descriptors.
func spawnAmongFiles(n int) scenario {
	open := min(12_000, mostOpenFiles())
	s := broodServer()
	few := withOpenFiles("brood", s, 0, n)
	many := withOpenFiles(fmt.Sprintf("brood, %d open descriptors", open), s, open, n)
	many.targets, many.because = []target{{few.name, 1.3}}, becauseMoved
	return scenario{
		name: "spawn to close, many open descriptors", unit: "child", ops: float64(n), rounds: spawnRounds,
		contestants: []contestant{few, many},
	}
}

// spawnGrowth starts children with more and more open descriptors.
func spawnGrowth(n int) scenario {
	g := growth{name: "a spawn with open descriptors", unit: "child", with: "open descriptors", ops: float64(n), sizes: growthCounts()}
	for _, p := range spawningPeers() {
		one := series{
			name: p.name, missing: p.missing, close: p.server.close,
			setUp: func(open int) (tearDown func()) {
				mustEqual(int(p.server.ask("open %d", open)), open)
				// The process has slept for a round: its first children meet cold caches.
				p.server.ask("spawn %d", n/10+1)
				return func() {}
			},
			run: func(int) time.Duration { return time.Duration(p.server.ask("spawn %d", n)) },
		}
		if p.name == "brood" {
			one.exponent, one.because = flat, becauseMoved
		}
		g.series = append(g.series, one)
	}
	s := g.scenario()
	s.rounds = growthRounds
	return s
}

// growthRounds is small: there are many contestants, and the differences are larger than the noise.
const growthRounds = 3
