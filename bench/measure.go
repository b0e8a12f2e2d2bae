package main

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"time"
)

// scenario is one job that several contestants do.
type scenario struct {
	name        string
	unit        string  // what one operation is
	ops         float64 // operations per measurement
	bytes       int     // of one operation: the rate is in bytes; 0: it is in operations
	size        bool    // what is measured is not time but memory: a nanosecond is a byte
	rounds      int     // times the number of rounds asked for: many short ones where the machine's noise is large; 0: 1
	once        bool    // there is one round and no warming up, because it takes long
	contestants []contestant
	report      func(result) string // a table of its own; nil: a block of the common one
}

// contestant does the whole job once and says how long it took, without what is not part of the job.
type contestant struct {
	name      string
	missing   func() error             // says why it cannot be measured here, when its turn comes; nil: it can
	setUp     func() (tearDown func()) // around each run; nil: there is nothing to do
	run       func() time.Duration
	close     func() // after the last run; nil: there is nothing to do
	targets   []target
	most      limit
	elsewhere bool // the work is done in other processes, so that its allocations are not known
}

// target is the most that a contestant's time may be, as a multiple of another one's.
type target struct {
	against string
	most    float64
}

// limit is the most that one operation may take. The zero value has no limits.
type limit struct {
	perOp  time.Duration
	allocs float64
}

// result has a scenario's times, by contestant and round, and the allocations per operation.
type result struct {
	scenario
	times  [][]time.Duration
	allocs []float64
}

func measure(s scenario, rounds int) result {
	s.dropMissing()
	rounds *= max(1, s.rounds)
	r := result{scenario: s, times: make([][]time.Duration, len(s.contestants)), allocs: make([]float64, len(s.contestants))}
	if s.once {
		rounds = 1
	} else {
		for _, c := range s.contestants {
			c.once() // Warm up: page in the program, grow the heap.
		}
	}
	for round := range rounds {
		for k := range s.contestants {
			i := (k + round) % len(s.contestants)
			d, allocs := s.contestants[i].once()
			r.times[i] = append(r.times[i], d)
			r.allocs[i] = float64(allocs) / s.ops
		}
	}
	for _, c := range s.contestants {
		if c.close != nil {
			c.close()
		}
	}
	return r
}

// dropMissing leaves out the contestants that cannot be measured here, and says so.
func (s *scenario) dropMissing() {
	s.contestants = slices.DeleteFunc(s.contestants, func(c contestant) bool {
		if c.missing == nil {
			return false
		}
		err := c.missing()
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s without %s: %v\n", s.name, c.name, err)
		}
		return err != nil
	})
}

// once runs c and returns what it took, and how many allocations of this process.
func (c *contestant) once() (d time.Duration, allocs uint64) {
	if c.setUp != nil {
		defer c.setUp()()
	}
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	d = c.run()
	runtime.ReadMemStats(&after)
	return d, after.Mallocs - before.Mallocs
}

// perOp returns the median time of one operation.
func (r result) perOp(i int) time.Duration {
	return time.Duration(float64(quantile(r.times[i], 0.5)) / r.ops)
}

// ratio returns the median and the quartiles of contestant i's time to contestant j's, round by round.
func (r result) ratio(i, j int) (low, mid, high float64) {
	ratios := make([]float64, len(r.times[i]))
	for k := range ratios {
		ratios[k] = float64(r.times[i][k]) / float64(r.times[j][k])
	}
	return quantile(ratios, 0.25), quantile(ratios, 0.5), quantile(ratios, 0.75)
}

func quantile[T time.Duration | float64](list []T, q float64) T {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[int(q*float64(len(sorted)-1)+0.5)]
}

func (s scenario) index(name string) int {
	return slices.IndexFunc(s.contestants, func(c contestant) bool { return c.name == name })
}
