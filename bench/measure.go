package main

import (
	"runtime"
	"slices"
	"time"

	"github.com/brood-go/brood/bench/samples"
)

// scenario is one job that several contestants do.
type scenario struct {
	name  string
	unit  string  // what one operation is
	ops   float64 // operations per measurement
	bytes int     // of one operation: the rate is in bytes; 0: it is in operations
	size  bool    // what is measured is not time but memory: a nanosecond is a byte
	// times the number of rounds asked for: many short ones where the machine's noise is large; 0:
	// 1
	rounds int
	few    bool // there are leastRounds, whatever was asked for, because each takes long
	// the contestants are those of other scenarios too: it is a row of a table that has them as
	// columns
	matrix      bool
	growsWith   string // what the contestants of a series differ in; empty: there are no series
	contestants []contestant
}

// contestant does the whole job once and says how long it took, without what is not part of the
// job.
type contestant struct {
	name   string
	series string  // of a growth: the name without the size
	at     float64 // of a growth: the size
	cannot string  // why it never does this job; empty: it does
	// says why it cannot be measured here, when its turn comes; nil: it can
	missing func() error
	setUp   func() (tearDown func()) // around each run; nil: there is nothing to do
	run     func() time.Duration
	// in place of a first run that is not counted, where that would take too long; nil: that run
	warmUp    func()
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
const leastRounds = 5

// part is what is measured of a scenario without a pause.
type part struct {
	first  int           // number of the first round
	rounds int           // how many there are at most
	within time.Duration // no round begins later, but the first; 0: no limit
}

// measure has all contestants take turns. Before that each has one run that does not count, which
// pages in its program, grows its heap, and has its compiler see what is called often. It also
// returns what the rounds took, with all that is around a run.
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

// describe is the scenario without measurements. It says which contestants cannot be measured
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

// runOnce runs c and returns what it took, and how many allocations of this process.
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
