package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
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

// spawnGrowth starts children with ever more descriptors open. It has a table of its own.
func spawnGrowth(n int) scenario {
	var peers []string
	counts := growthCounts()
	s := scenario{name: "spawn to close, growth with open descriptors", unit: "child", ops: float64(n), rounds: growthRounds}
	for _, p := range spawningPeers() {
		peers = append(peers, p.name)
		for _, count := range counts {
			s.contestants = append(s.contestants, having(growthName(p.name, count), p.server, count, n))
		}
	}
	s.report = func(r result) string { return growthTable(r, peers, counts) }
	return s
}

// growthRounds: there are many contestants, and what is to be seen is larger than the noise.
const growthRounds = 3

func growthName(peer string, count int) string { return fmt.Sprintf("%s, %d", peer, count) }

// growthTable has a line for each peer with the cost of a child by the number of open descriptors, how many times as much
// it is with the most of them as with the fewest, and the exponent of the growth over the last three numbers: with few
// descriptors a cost is nearly constant in any case.
func growthTable(r result, peers []string, counts []int) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "%s, per %s", r.name, r.unit)
	for _, count := range counts {
		fmt.Fprintf(w, "\t%d", count)
	}
	fmt.Fprint(w, "\tlast ÷ first\tmiddle half\texponent of the last three\n")
	first, last, tail := counts[0], counts[len(counts)-1], max(0, len(counts)-3)
	for _, peer := range peers {
		fmt.Fprintf(w, "  %s", peer)
		var costs []time.Duration
		for _, count := range counts {
			cost := r.perOp(r.index(growthName(peer, count)))
			costs = append(costs, cost)
			fmt.Fprintf(w, "\t%s", short(cost))
		}
		low, mid, high := r.ratio(r.index(growthName(peer, last)), r.index(growthName(peer, first)))
		fmt.Fprintf(w, "\t%.2f\t%.2f–%.2f\t%.2f\n", mid, low, high, exponent(counts[tail:], costs[tail:]))
	}
	w.Flush()
	return b.String()
}

// exponent returns the k for which the costs are most like c·countᵏ, by least squares of the logarithms: 0 is a cost that
// does not grow, 1 is one that grows in proportion.
func exponent(counts []int, costs []time.Duration) float64 {
	var n, sumX, sumY, sumXX, sumXY float64
	for i, count := range counts {
		x, y := math.Log(float64(count)), math.Log(float64(costs[i]))
		n, sumX, sumY, sumXX, sumXY = n+1, sumX+x, sumY+y, sumXX+x*x, sumXY+x*y
	}
	return (n*sumXY - sumX*sumY) / (n*sumXX - sumX*sumX)
}
