package main

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"time"

	"github.com/brood-go/brood/bench/samples"
)

// scenario is one job that several contestants do.
type scenario struct {
	name        string
	unit        string  // what one operation is
	ops         float64 // operations per measurement
	bytes       int     // of one operation: the rate is in bytes; 0: it is in operations
	size        bool    // what is measured is not time but memory: a nanosecond is a byte
	rounds      int     // times the number of rounds asked for: many short ones where the machine's noise is large; 0: 1
	most        int     // rounds at most, whatever was asked for, because each takes long; 0: no limit
	once        bool    // there is one round and no warming up, because it takes long
	cold        bool    // there is no warming up
	matrix      bool    // the contestants are those of other scenarios too: it is a row of a table that has them as columns
	growsWith   string  // what the contestants of a series differ in; empty: there are no series
	contestants []contestant
}

// contestant does the whole job once and says how long it took, without what is not part of the job.
type contestant struct {
	name      string
	series    string                   // of a growth: the name without the size
	at        float64                  // of a growth: the size
	missing   func() error             // says why it cannot be measured here, when its turn comes; nil: it can
	setUp     func() (tearDown func()) // around each run; nil: there is nothing to do
	run       func() time.Duration
	close     func() // after the last run; nil: there is nothing to do
	targets   []target
	most      limit
	because   string // why a target is missed, as the profile says, for when it is
	elsewhere bool   // the work is done in other processes, so that its allocations are not known
}

// target is the most that a contestant's time may be, as a multiple of another one's.
type target struct {
	against string
	most    float64
}

// limit is the most that one operation may take. The zero value has no limits.
type limit struct {
	perOp    time.Duration
	allocs   float64
	exponent float64 // of the growth of a series
	first    bool    // less than any contestant but the floor and other ways of brood
}

// leastRounds are had even where there is no time for them: a median of fewer says nothing.
const leastRounds = 3

// measure has all contestants take turns, for so many rounds times those of the scenario, or until the time is over.
func measure(s scenario, rounds int, within time.Duration) samples.Scenario {
	r := s.described()
	var there []int
	for i := range s.contestants {
		if r.Contestants[i].Missing == "" {
			there = append(there, i)
		}
	}
	rounds *= max(1, s.rounds)
	if s.most > 0 {
		rounds = min(rounds, s.most)
	}
	start := time.Now()
	if s.once {
		rounds = 1
	}
	if !s.once && !s.cold {
		for _, i := range there {
			s.contestants[i].once() // Warm up: page in the program, grow the heap.
		}
	}
	for round := range rounds {
		if round >= leastRounds && time.Since(start) > within {
			break
		}
		for k := range there {
			i := there[(k+round)%len(there)]
			c, to := &s.contestants[i], &r.Contestants[i]
			d, allocs := c.once()
			to.Samples = append(to.Samples, int64(d))
			if !c.elsewhere {
				each := float64(allocs) / s.ops
				to.Allocs = &each
			}
		}
	}
	for _, i := range there {
		if c := &s.contestants[i]; c.close != nil {
			c.close()
		}
	}
	return r
}

// described is the scenario without measurements. It says which contestants cannot be measured here.
func (s *scenario) described() samples.Scenario {
	r := samples.Scenario{
		Name: s.name, Unit: s.unit, Ops: s.ops, Bytes: s.bytes, Measure: samples.Nanoseconds, Matrix: s.matrix, GrowsWith: s.growsWith,
	}
	if s.size {
		r.Measure = samples.Memory
	}
	for i := range s.contestants {
		c := &s.contestants[i]
		out := samples.Contestant{
			Name: c.name, Series: c.series, Size: c.at, Because: c.because, Most: samples.Limit{PerOp: c.most.perOp, Allocs: c.most.allocs, Exponent: c.most.exponent, First: c.most.first},
		}
		for _, t := range c.targets {
			out.Targets = append(out.Targets, samples.Target{Against: t.against, Most: t.most})
		}
		if c.missing != nil {
			if err := c.missing(); err != nil {
				fmt.Fprintf(os.Stderr, "%s without %s: %v\n", s.name, c.name, err)
				out.Missing = err.Error()
			}
		}
		r.Contestants = append(r.Contestants, out)
	}
	return r
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

func (s scenario) index(name string) int {
	return slices.IndexFunc(s.contestants, func(c contestant) bool { return c.name == name })
}
