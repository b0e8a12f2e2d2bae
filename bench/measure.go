package main

import (
	"runtime"
	"slices"
	"time"

	"github.com/brood-go/brood/bench/samples"
)

// scenario is one job that several contestants do.
type scenario struct {
	name        string
	unit        string  // name of one operation
	ops         float64 // operations per measurement
	bytes       int     // bytes of one operation, for a rate in bytes; 0: a rate in operations
	size        bool    // it measures memory, not time: a nanosecond is a byte
	rounds      int     // multiplies the number of rounds asked for, where noise is large; 0: 1
	few         bool    // there are leastRounds, because each takes long
	matrix      bool    // it is a row of a table whose columns are the contestants
	growsWith   string  // the size in which the contestants of a series differ; empty: no series
	contestants []contestant
}

// contestant does the whole job once per run and returns the time of the job alone.
type contestant struct {
	name    string
	series  string                   // in a growth, the name without the size
	at      float64                  // in a growth, the size
	cannot  string                   // reason why it never does this job; empty: it does
	missing func() error             // returns why it cannot be measured here; nil: it can
	setUp   func() (tearDown func()) // runs around each run; nil: there is nothing to do
	run     func() time.Duration

	// warmUp takes the place of a first run that does not count, where that would take too long;
	// nil: do that run.
	warmUp    func()
	close     func() // runs after the last run; nil: there is nothing to do
	targets   []target
	most      limit
	because   string // reason, by a profile, if a target is missed
	elsewhere bool   // other processes do the work, so its allocations are not known
}

// target is the greatest time of a contestant, as a multiple of another contestant's.
type target struct {
	against string
	most    float64
}

// limit is the greatest cost of one operation. The zero value has no limits.
type limit struct {
	perOp    time.Duration
	allocs   float64
	exponent float64 // greatest exponent of the growth of a series
	first    bool    // less than every contestant except the floor and other ways of brood
}

// leastRounds are done even if there is no time for them: a median of fewer says nothing.
const leastRounds = 5

// part is a number of rounds of a scenario without a pause.
type part struct {
	first  int           // number of the first round
	rounds int           // greatest number of rounds
	within time.Duration // no round except the first begins later; 0: no limit
}

// measure makes all contestants take turns. Before that each has one run that does not count: it
// pages in the program, grows its heap, and lets its compiler find the hot functions. measure also
// returns the time of the rounds, including everything around a run.
func measure(s scenario, p part) (r samples.Scenario, rounds time.Duration) {
	r = s.describe()
	var there []int
	for i := range s.contestants {
		if r.Contestants[i].Missing == "" {
			there = append(there, i)
		}
	}
	for _, i := range there {
		if c := &s.contestants[i]; c.warmUp != nil {
			c.warmUp()
		} else {
			c.runOnce()
		}
	}
	r.Speeds = append(r.Speeds, calibrate())
	start := time.Now()
	for round := p.first; round < p.first+p.rounds; round++ {
		if p.within > 0 && round > p.first && time.Since(start) > p.within {
			break
		}
		for k := range there {
			i := there[(k+round)%len(there)]
			c, to := &s.contestants[i], &r.Contestants[i]
			d, allocs := c.runOnce()
			to.Samples = append(to.Samples, int64(d))
			if !c.elsewhere {
				each := float64(allocs) / s.ops
				to.Allocs = &each
			}
		}
	}
	rounds = time.Since(start)
	r.Speeds = append(r.Speeds, calibrate())
	for _, i := range there {
		if c := &s.contestants[i]; c.close != nil {
			c.close()
		}
	}
	return r, rounds
}

// describe returns the scenario without measurements. It says which contestants cannot be measured
// here.
func (s *scenario) describe() samples.Scenario {
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
		out.Missing = c.cannot
		if c.missing != nil {
			if err := c.missing(); err != nil {
				out.Missing = err.Error()
			}
		}
		r.Contestants = append(r.Contestants, out)
	}
	return r
}

// runOnce runs c and returns its time, and the number of allocations of this process.
func (c *contestant) runOnce() (d time.Duration, allocs uint64) {
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
