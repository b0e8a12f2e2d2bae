package samples

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// Verdict is what has become of one target.
type Verdict struct {
	Text string // the target, and what was measured
	Met  bool
	// the target is in the interval of what was measured: other rounds could have had the other
	// verdict
	Close bool
}

// Outcome is the verdict in words.
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

// against is the verdict of a limit to what was measured.
func (r Ratio) against(limit float64, text string) Verdict {
	return Verdict{fmt.Sprintf("%s: %.2f (%.2f–%.2f)", text, r.Mid, r.Low, r.High), r.Mid <= limit, r.includes(limit)}
}

// Verdicts says of each target of a contestant whether it was met. Those against a contestant that
// is not there are left out.
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

// Floor is the name of a contestant that does with bare system calls what every other must do at
// least.
const Floor = "floor"

// best returns the place of the contestant that takes least, but for the floor and for brood; -1 if
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

// allocsOfARun is how many allocations of a run, as a whole, are none of its operations': timers,
// goroutines, the garbage collector's own.
const allocsOfARun = 100

// Missed reports whether a target of a contestant was missed, and whether each such target was
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

// Each is what one operation of a contestant takes, as text.
func (s *Scenario) Each(i int) string { return s.Amount(s.PerOp(i)) }

// Amount is what one operation takes, as text.
func (s *Scenario) Amount(perOp float64) string {
	if s.Measure == Memory {
		if perOp < 1<<20 {
			return fmt.Sprintf("%.1f KiB", perOp/(1<<10))
		}
		return fmt.Sprintf("%.1f MiB", perOp/(1<<20))
	}
	return Time(perOp)
}

// Rate is the operations of a contestant, or their bytes, per second; empty where that makes no
// sense.
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

// Time is so many nanoseconds with three digits that count.
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
