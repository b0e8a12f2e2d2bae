package samples

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// Verdict is the result of one target.
type Verdict struct {
	Text  string // the target and the measurement
	Met   bool
	Close bool // the target is in the interval of the measurement: other rounds could differ
}

// Outcome returns the verdict in words.
func (v Verdict) Outcome() string {
	says := "missed"
	if v.Met {
		says = "met"
	}
	if v.Close {
		says += " within the noise"
	}
	return says
}

func (v Verdict) String() string {
	if v.Met {
		return v.Text + " " + v.Outcome()
	}
	return v.Text + " " + strings.ToUpper(v.Outcome())
}

// against returns the verdict of a limit for the measurement.
func (r Ratio) against(limit float64, text string) Verdict {
	return Verdict{fmt.Sprintf("%s: %.2f (%.2f–%.2f)", text, r.Mid, r.Low, r.High), r.Mid <= limit, r.includes(limit)}
}

// Verdicts returns the verdict of each target of a contestant. Targets against a missing contestant
// are left out.
func (s *Scenario) Verdicts(i int) (all []Verdict) {
	c := &s.Contestants[i]
	if !c.Measured() {
		return nil
	}
	for _, t := range c.Targets {
		if j := s.Index(t.Against); j >= 0 {
			all = append(all, s.Ratio(i, j).against(t.Most, fmt.Sprintf("≤ %.2f × %s", t.Most, t.Against)))
		}
	}
	if j := s.best(); c.Most.First && j >= 0 {
		all = append(all, s.Ratio(i, j).against(1, fmt.Sprintf("first, ≤ %s", s.Contestants[j].Name)))
	}
	if most := float64(c.Most.PerOp); most > 0 {
		all = append(all, Verdict{fmt.Sprintf("≤ %s: %s", Time(most), s.Each(i)), s.PerOp(i) <= most, s.interval(i).includes(most)})
	}
	if most := c.Most.Allocs; most > 0 && c.Allocs != nil {
		all = append(all, Verdict{Text: fmt.Sprintf("≤ %.0f allocs: %.2f", most, *c.Allocs), Met: *c.Allocs <= most+allocsOfARun/s.Ops})
	}
	if most := c.Most.Exponent; most > 0 && s.Limited(c.Series) == i {
		for _, g := range s.Growths() {
			if g.Series == c.Series && !math.IsNaN(g.Exponent) {
				r := s.exponent(g)
				text := fmt.Sprintf("exponent ≤ %.2f: %s (%s–%s)", most, Power(r.Mid), Power(r.Low), Power(r.High))
				all = append(all, Verdict{text, r.Mid <= most, r.includes(most)})
			}
		}
	}
	return all
}

// Floor is the name of a contestant that makes only the system calls that every other must make
// too.
const Floor = "floor"

// best returns the index of the contestant with the least cost, except the floor and brood; -1 if
// there is no other.
func (s *Scenario) best() int {
	best := -1
	for _, i := range s.Present() {
		if name := s.Contestants[i].Name; name == Floor || strings.HasPrefix(name, "brood") {
			continue
		}
		if best < 0 || s.PerOp(i) < s.PerOp(best) {
			best = i
		}
	}
	return best
}

// allocsOfARun is the number of allocations of a whole run that do not belong to its operations:
// timers, goroutines, those of the garbage collector.
const allocsOfARun = 100

// Missed reports whether a target of a contestant was missed, and whether every missed one was
// within the noise.
func (s *Scenario) Missed(i int) (missed, narrowly bool) {
	narrowly = true
	for _, v := range s.Verdicts(i) {
		if !v.Met {
			missed, narrowly = true, narrowly && v.Close
		}
	}
	return missed, missed && narrowly
}

// Each returns the cost of one operation of a contestant as text.
func (s *Scenario) Each(i int) string { return s.Amount(s.PerOp(i)) }

// Amount returns a cost of one operation as text.
func (s *Scenario) Amount(perOp float64) string {
	if s.Measure == Memory {
		if perOp < 1<<20 {
			return fmt.Sprintf("%.1f KiB", perOp/(1<<10))
		}
		return fmt.Sprintf("%.1f MiB", perOp/(1<<20))
	}
	return Time(perOp)
}

// Rate returns the operations of a contestant, or their bytes, per second; empty where that makes
// no sense.
func (s *Scenario) Rate(i int) string {
	if s.Measure == Memory || s.Ops == 1 {
		return ""
	}
	perSecond := float64(time.Second) / s.PerOp(i)
	switch {
	case s.Bytes > 0:
		return fmt.Sprintf("%.0f MiB/s", perSecond*float64(s.Bytes)/(1<<20))
	case s.Unit == "MiB":
		return fmt.Sprintf("%.0f MiB/s", perSecond)
	case perSecond > 1e6:
		return fmt.Sprintf("%.1f M/s", perSecond/1e6)
	}
	return fmt.Sprintf("%.1f k/s", perSecond/1e3)
}

// Time returns a number of nanoseconds as text with three significant digits.
func Time(ns float64) string {
	for _, unit := range []struct {
		name string
		ns   float64
	}{{"ns", 1}, {"µs", 1e3}, {"ms", 1e6}} {
		if v := ns / unit.ns; v < 999.5 {
			return threeDigits(v) + " " + unit.name
		}
	}
	return threeDigits(ns/1e9) + " s"
}

func threeDigits(v float64) string {
	switch {
	case v < 9.995:
		return strings.TrimSuffix(fmt.Sprintf("%.2f", v), ".00")
	case v < 99.95:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.0f", v)
}
