// Package samples has the measurements of a run of the benchmark: their file, and their statistics.
// A file has everything that a table or a chart needs, so these can be made again without
// measuring.
package samples

import (
	"slices"
	"time"
)

// Run is the result of one call of the benchmark.
type Run struct {
	Date      time.Time         `json:"date"` // of its start
	Machine   Machine           `json:"machine"`
	Pinning   string            `json:"pinning"`           // where the contestants may run
	Versions  map[string]string `json:"versions"`          // of the peers, by name
	Missing   map[string]string `json:"missing,omitempty"` // peers that were left out, and why
	Scenarios []Scenario        `json:"scenarios"`
}

// Machine is the machine of a run.
type Machine struct {
	Processor string `json:"processor"`
	CPUs      int    `json:"cpus"`
	System    string `json:"system"` // name and version of the kernel
	Go        string `json:"go"`
}

// Scenario is one job that several contestants have done, taking turns.
type Scenario struct {
	Name string  `json:"name"`
	Unit string  `json:"unit"` // name of one operation
	Ops  float64 `json:"ops"`  // number of operations in one sample

	// Bytes is the size of one operation, for a rate in bytes; 0: the rate is in operations.
	Bytes   int     `json:"bytes,omitempty"`
	Measure Measure `json:"measure"` // unit of the samples

	// Matrix says that it is a row of a table whose columns are the contestants.
	Matrix bool `json:"matrix,omitempty"`

	// GrowsWith is the size in which the contestants of a series differ; empty: no series.
	GrowsWith string  `json:"growsWith,omitempty"`
	Speeds    []Speed `json:"speeds,omitempty"` // of the machine, before and after rounds

	Contestants []Contestant `json:"contestants"` // the first is the floor, or takes its place
}

// Measure is the unit of a sample.
type Measure string

// The units of samples: time and memory.
const (
	Nanoseconds Measure = "ns"
	Memory      Measure = "B"
)

// Contestant has the measurements of one contestant.
type Contestant struct {
	Name    string   `json:"name"`
	Series  string   `json:"series,omitempty"` // in a growth, the name without the size
	Size    float64  `json:"size,omitempty"`   // in a growth, the size
	Samples []int64  `json:"samples"`          // by round; empty: it was missing
	Allocs  *float64 `json:"allocs,omitempty"` // Go's allocations per operation; nil: not known
	Targets []Target `json:"targets,omitempty"`
	Most    Limit    `json:"most,omitzero"`
	Missing string   `json:"missing,omitempty"` // reason why it was left out
	Because string   `json:"because,omitempty"` // reason if a target is missed
}

// Target is the greatest cost of a contestant, as a multiple of another contestant's.
type Target struct {
	Against string  `json:"against"`
	Most    float64 `json:"most"`
}

// Limit is the greatest cost of one operation. The zero value has no limits.
type Limit struct {
	PerOp  time.Duration `json:"perOp,omitempty"`
	Allocs float64       `json:"allocs,omitempty"`

	// Exponent limits the growth of a series. Any contestant of the series may have it.
	Exponent float64 `json:"exponent,omitempty"`

	// First asks for less than every contestant except the floor and other ways of brood.
	First bool `json:"first,omitempty"`
}

// Index returns the index of a contestant that was measured, -1 if there is none.
func (s *Scenario) Index(name string) int {
	return slices.IndexFunc(s.Contestants, func(c Contestant) bool { return c.Name == name && c.Measured() })
}

// Measured reports whether there are samples.
func (c *Contestant) Measured() bool { return len(c.Samples) > 0 }

// Present returns the indices of the contestants that were measured.
func (s *Scenario) Present() (all []int) {
	for i := range s.Contestants {
		if s.Contestants[i].Measured() {
			all = append(all, i)
		}
	}
	return all
}

// PerOp returns the median cost of one operation.
func (s *Scenario) PerOp(i int) float64 {
	return float64(Quantile(s.Contestants[i].Samples, 0.5)) / s.Ops
}

// Spread returns the quartiles of the cost of one operation.
func (s *Scenario) Spread(i int) (low, high float64) {
	samples := s.Contestants[i].Samples
	return float64(Quantile(samples, 0.25)) / s.Ops, float64(Quantile(samples, 0.75)) / s.Ops
}

// Quantile returns the element of a list, which must not be empty, such that the fraction q of the
// others is below it.
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
