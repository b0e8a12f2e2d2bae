package samples

import (
	"cmp"
	"math/rand/v2"
	"slices"
)

// Ratio is what one contestant takes to what another one takes: the ratio of their medians, as one
// can calculate it from a table, and the interval in which it is with confidence. What else is
// drawn from medians has such an interval as well.
type Ratio struct{ Low, Mid, High float64 }

// Ratio returns what contestant i takes to what contestant j takes. Both have been measured.
func (s *Scenario) Ratio(i, j int) Ratio {
	rounds := len(s.Contestants[i].Samples)
	mine, others := drawnMedian(s.Contestants[i].Samples), drawnMedian(s.Contestants[j].Samples)
	return resampled(rounds, func(drawn []int) float64 { return mine(drawn) / others(drawn) })
}

// interval returns the median of what one operation takes, with its interval.
func (s *Scenario) interval(i int) Ratio {
	rounds := len(s.Contestants[i].Samples)
	mine := drawnMedian(s.Contestants[i].Samples)
	return resampled(rounds, func(drawn []int) float64 { return mine(drawn) / s.Ops })
}

// includes reports whether another draw of the same rounds could have had the other verdict of a
// limit.
func (r Ratio) includes(limit float64) bool { return r.Low <= limit && limit < r.High }

// The interval is a bootstrap: rounds are drawn with replacement, as many as there were, again and
// again. Both contestants of a ratio have the same rounds drawn, so that a round in which the
// machine was slow for both does not make it uncertain.
const (
	draws      = 1000
	confidence = 0.95
)

// resampled returns a statistic of n rounds, and the interval that has the middle of its values
// when the rounds are drawn anew. It is given how often each round was drawn. The draws are the
// same each time, so that a table can be made again.
func resampled(n int, statistic func(drawn []int) float64) Ratio {
	drawn := slices.Repeat([]int{1}, n)
	r := Ratio{Mid: statistic(drawn)}
	random := rand.New(rand.NewPCG(uint64(n), draws))
	values := make([]float64, draws)
	for k := range values {
		clear(drawn)
		for range n {
			drawn[random.IntN(n)]++
		}
		values[k] = statistic(drawn)
	}
	r.Low, r.High = Quantile(values, (1-confidence)/2), Quantile(values, (1+confidence)/2)
	return r
}

// drawnMedian returns what calculates the median of samples when each counts as often as it was
// drawn: with all drawn once it is Quantile's.
func drawnMedian(samples []int64) func(drawn []int) float64 {
	order := make([]int, len(samples))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return cmp.Compare(samples[i], samples[j]) })
	return func(drawn []int) float64 {
		before := len(samples) / 2
		for _, i := range order {
			if before -= drawn[i]; before < 0 {
				return float64(samples[i])
			}
		}
		panic("samples: as many rounds are drawn as there are")
	}
}
