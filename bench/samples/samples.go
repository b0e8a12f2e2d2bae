// Package samples has what a run of the benchmark has measured: the file that it is kept in, and
// the statistics that are drawn from it. A file has all that a table or a chart needs, so that
// these can be made again without measuring.
package samples

import (
	"slices"
	"time"
)

// Run is what one call of the benchmark has measured.
type Run struct {
	Date      time.Time         `json:"date"` // of its start
	Machine   Machine           `json:"machine"`
	Pinning   string            `json:"pinning"`           // where the contestants may run
	Versions  map[string]string `json:"versions"`          // of the peers, by name
	Missing   map[string]string `json:"missing,omitempty"` // peers that were left out, and why
	Scenarios []Scenario        `json:"scenarios"`
}

// Machine is what a run was measured on.
type Machine struct {
	Processor string `json:"processor"`
	CPUs      int    `json:"cpus"`
	System    string `json:"system"` // of the kernel, with its version
	Go        string `json:"go"`
}

// Scenario is one job that several contestants have done, taking turns.
type Scenario struct {
	Name string  `json:"name"`
	Unit string  `json:"unit"` // what one operation is
	Ops  float64 `json:"ops"`  // operations of one sample
	// of one operation, where its rate is in bytes; 0: its rate is in operations
	Bytes   int     `json:"bytes,omitempty"`
	Measure Measure `json:"measure"` // what the samples are
	// a row of a table whose columns are the contestants
	Matrix bool `json:"matrix,omitempty"`
	// what the contestants of a series differ in; empty: there are no series
	GrowsWith string  `json:"growsWith,omitempty"`
	Speeds    []Speed `json:"speeds,omitempty"` // of the machine, before and after rounds
	// the first is the floor, or what takes its place
	Contestants []Contestant `json:"contestants"`
}

// Measure is the unit of a sample.
type Measure string

// What is measured.
const (
	Nanoseconds Measure = "ns"
	Memory      Measure = "B"
)

// Contestant is what one of them has taken.
type Contestant struct {
	Name   string `json:"name"`
	Series string `json:"series,omitempty"` // of a growth: its name without the size
	// of a growth: how many there are of what the scenario grows with
	Size    float64  `json:"size,omitempty"`
	Samples []int64  `json:"samples"`          // by round; empty: it was missing
	Allocs  *float64 `json:"allocs,omitempty"` // Go's allocations of one operation; nil: not known
	Targets []Target `json:"targets,omitempty"`
	Most    Limit    `json:"most,omitzero"`
	Missing string   `json:"missing,omitempty"` // why it was left out
	Because string   `json:"because,omitempty"` // why a target is missed, if it is
}

// Target is the most that a contestant may take, as a multiple of what another one takes.
type Target struct {
	Against string  `json:"against"`
	Most    float64 `json:"most"`
}

// Limit is the most that one operation may take. The zero value has no limits.
type Limit struct {
	PerOp  time.Duration `json:"perOp,omitempty"`
	Allocs float64       `json:"allocs,omitempty"`
	// of the growth of a series, given at any contestant of it
	Exponent float64 `json:"exponent,omitempty"`
	// less than any contestant but the floor and other ways of brood
	First bool `json:"first,omitempty"`
}

// Index returns the place of a contestant that was measured, -1 if there is none.
func (s *Scenario) Index(name string) int {
	return slices.IndexFunc(s.Contestants, func(c Contestant) bool { return c.Name == name && c.Measured() })
}

// Measured reports whether there are samples.
func (c *Contestant) Measured() bool { return len(c.Samples) > 0 }

// Present returns the places of the contestants that were measured.
func (s *Scenario) Present() (all []int) {
	for i := range s.Contestants {
		if s.Contestants[i].Measured() {
			all = append(all, i)
		}
	}
	return all
}

// PerOp returns the median of what one operation takes.
func (s *Scenario) PerOp(i int) float64 {
	return float64(Quantile(s.Contestants[i].Samples, 0.5)) / s.Ops
}

// Spread returns the quartiles of what one operation takes.
func (s *Scenario) Spread(i int) (low, high float64) {
	samples := s.Contestants[i].Samples
	return float64(Quantile(samples, 0.25)) / s.Ops, float64(Quantile(samples, 0.75)) / s.Ops
}

// Quantile returns the element of a list, which has some, below which the fraction q of the others
// is.
func Quantile[T int64 | float64 | time.Duration](list []T, q float64) T {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[int(q*float64(len(sorted)-1)+0.5)]
}

// Add adds the rounds of a later part of the same scenario.
func (s *Scenario) Add(more *Scenario) {
	s.Speeds = append(s.Speeds, more.Speeds...)
	for i := range s.Contestants {
		c, m := &s.Contestants[i], &more.Contestants[i]
		c.Samples, c.Allocs = append(c.Samples, m.Samples...), m.Allocs
	}
}
