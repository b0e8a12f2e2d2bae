package samples

import "math"

// Speed is the speed of a machine at one time, by work that never changes. Both figures are
// nanoseconds: more is slower.
type Speed struct {
	CPU    int64 `json:"cpu"`    // time of a calculation
	WakeUp int64 `json:"wakeUp"` // time to wake a thread, on another processor if there are two
}

// Range is the least and the greatest of some values.
type Range struct{ Least, Most float64 }

func (r *Range) add(v float64) { r.Least, r.Most = min(r.Least, v), max(r.Most, v) }

// speedFigures has the figures of a Speed, each with the factor by which a steady machine may
// differ from the run's median. The time to wake a thread depends on whether a processor had gone
// to sleep, so it varies on idle machines too.
var speedFigures = []struct {
	of     func(Speed) int64
	steady float64
}{
	{func(s Speed) int64 { return s.CPU }, 1.2},
	{func(s Speed) int64 { return s.WakeUp }, 2},
}

// Varied returns the speeds around the scenarios, as multiples of their medians in the run. ok is
// false if they were not measured.
func (r *Run) Varied() (cpu, wakeUp Range, ok bool) {
	ranges := [2]Range{{math.Inf(1), 0}, {math.Inf(1), 0}}
	for i := range r.Scenarios {
		for k, v := range r.slowness(&r.Scenarios[i]) {
			ranges[k].add(v)
			ok = true
		}
	}
	return ranges[0], ranges[1], ok
}

// Unsteady reports whether the machine was slower or faster around a scenario than mostly in the
// run. Its times are then not comparable with those of others.
func (r *Run) Unsteady(s *Scenario) bool {
	for k, v := range r.slowness(s) {
		if steady := speedFigures[k].steady; v > steady || v < 1/steady {
			return true
		}
	}
	return false
}

// slowness returns the median of each of speedFigures around a scenario, as a multiple of that of
// the run; nil if it is not known.
func (r *Run) slowness(s *Scenario) (all []float64) {
	if len(s.Speeds) == 0 {
		return nil
	}
	for _, figure := range speedFigures {
		var mine, every []int64
		for _, speed := range s.Speeds {
			mine = append(mine, figure.of(speed))
		}
		for i := range r.Scenarios {
			for _, speed := range r.Scenarios[i].Speeds {
				every = append(every, figure.of(speed))
			}
		}
		all = append(all, float64(Quantile(mine, 0.5))/float64(Quantile(every, 0.5)))
	}
	return all
}
