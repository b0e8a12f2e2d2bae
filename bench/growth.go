package main

import (
	"fmt"
	"slices"
)

// growthMost is the most descriptors that are opened to see whether a child costs more with them.
const growthMost = 20_000

// growthCounts are the numbers of open descriptors to measure with, as far as the limit allows.
func growthCounts() []int {
	counts := []int{10, 100, 1000, 4000, 12_000, growthMost}
	for i, count := range counts {
		counts[i] = min(count, mostOpenFiles())
	}
	return slices.Compact(counts)
}

// spawnAmongFiles compares brood with itself: what a child costs must not grow with the descriptors that are open.
func spawnAmongFiles(n int) scenario {
	open := min(12_000, mostOpenFiles())
	s := broodServer()
	few := having("brood", s, 0, n)
	many := having(fmt.Sprintf("brood, %d open descriptors", open), s, open, n)
	many.targets = []target{{few.name, 1.3}}
	return scenario{
		name: "spawn to close, many open descriptors", unit: "child", ops: float64(n), rounds: spawnRounds,
		contestants: []contestant{few, many},
	}
}

// spawnGrowth starts children with ever more descriptors open.
func spawnGrowth(n int) scenario {
	s := scenario{
		name: "growth of a spawn with open descriptors", unit: "child", ops: float64(n), rounds: growthRounds,
		growsWith: "open descriptors",
	}
	for _, p := range spawningPeers() {
		for _, count := range growthCounts() {
			c := having(growthName(p.name, count), p.server, count, n)
			c.missing, c.series, c.at = p.missing, p.name, float64(count)
			if p.name == "brood" {
				c.most.exponent = flat
			}
			s.contestants = append(s.contestants, c)
		}
	}
	return s
}

// growthRounds: there are many contestants, and what is to be seen is larger than the noise.
const growthRounds = 3

// The exponents that a growth may have: what does not grow, and what grows in proportion, as far as a machine's caches and
// noise let one see it.
const (
	flat   = 0.1
	linear = 1.1
)

func growthName(series string, size int) string { return fmt.Sprintf("%s, %d", series, size) }
