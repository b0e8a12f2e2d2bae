package samples

import "math"

// Speed is how fast a machine was at one time, by work that never changes: both are nanoseconds,
// and more is slower.
type Speed struct {
	CPU int64 `json:"cpu"` // of a calculation
	// of a thread by another one, on another processor if there are two
	WakeUp int64 `json:"wakeUp"`
}

// Range is from the least to the most.
type Range struct{ Least, Most float64 }

func (r *Range) add(v float64) { r.Least, r.Most = min(r.Least, v), max(r.Most, v) }

// speedFigures are the figures of a Speed, each with how far a steady machine may be from the run's
// median, as a factor either way. What it takes to wake a thread depends on whether a processor had
// gone to sleep, so that it varies on machines that do nothing else, too.
var speedFigures = []struct {
	of     func(Speed) int64
	steady float64
}{
	{func(s Speed) int64 { return s.CPU }, 1.2},
	{func(s Speed) int64 { return s.WakeUp }, 2},
}

// Varied says how fast the machine was around each scenario, as multiples of what its calculations
// and its wake-ups took in the median of the run. It reports false if that was not measured.
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

// Unsteady reports whether the machine was slower or faster around a scenario than it mostly was in
// the run, so that its times are not comparable to those of others.
func (r *Run) Unsteady(s *Scenario) bool {
	for k, v := range r.slowness(s) {
		if steady := speedFigures[k].steady; v > steady || v < 1/steady {
			return true
		}
	}
	return false
}

// slowness has what each of speedFigures was around a scenario, in the median, as a multiple of the
// run's; nil: it is not known.
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
