package main

import (
	"fmt"
	"time"
)

// growth measures the same operation with more and more of something. Its exponent is fitted, see
// package samples: the result is not the time of the operation, but that the time does not grow.
type growth struct {
	name, unit, with string
	ops              float64
	sizes            []int
	series           []series
}

// series is one contestant with every size.
type series struct {
	name     string
	missing  func() error
	sizes    int     // number of sizes that it has, the smaller ones; 0: all
	exponent float64 // greatest exponent that its cost may grow with; 0: no limit
	because  string
	setUp    func(size int) (tearDown func()) // nil: there is nothing to do
	run      func(size int) time.Duration
	// warmUp runs once before all sizes, in place of a run of each size that does not count.
	// nil: do those runs.
	warmUp func()
	close  func() // runs after the last run; nil: there is nothing to do
}

// The greatest exponents of costs that do not grow, grow like the logarithm, and grow in
// proportion, with a margin for a machine's caches and noise. A logarithm, such as a heap's, is an
// exponent of a fourth at most over three powers of ten.
const (
	flat        = 0.1
	logarithmic = 0.25
	linear      = 1.1
)

func (g growth) scenario() scenario {
	s := scenario{name: "growth of " + g.name, unit: g.unit, ops: g.ops, growsWith: g.with}
	for _, one := range g.series {
		sizes := g.sizes
		if one.sizes > 0 {
			sizes = sizes[:min(one.sizes, len(sizes))]
		}
		for k, size := range sizes {
			c := contestant{
				name: growthName(one.name, size), series: one.name, at: float64(size), missing: one.missing, because: one.because,
				elsewhere: true, run: func() time.Duration { return one.run(size) },
			}
			c.most.exponent = one.exponent
			if one.setUp != nil {
				c.setUp = func() (tearDown func()) { return one.setUp(size) }
			}
			switch { // All sizes share the warmed up contestant, which is closed once.
			case k > 0 && one.warmUp != nil:
				c.warmUp = func() {}
			case k == 0:
				c.warmUp, c.close = one.warmUp, one.close
			}
			s.contestants = append(s.contestants, c)
		}
	}
	return s
}

func growthName(series string, size int) string { return fmt.Sprintf("%s, %d", series, size) }

func growthScenarios(n func(int) int) []scenario {
	return []scenario{
		livingGrowth(n(50)),
		exitGrowth(n(50)),
		timerResetGrowth(n(200_000)),
		timerFireGrowth(),
		messageGrowth(),
		receiveGrowth(),
		listenerGrowth(n(10_000)),
		emitGrowth(n(1_000_000)),
	}
}
