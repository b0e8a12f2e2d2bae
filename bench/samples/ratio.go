package samples

import (
	"cmp"
	"math/rand/v2"
	"slices"
)

// Ratio is the cost of one contestant as a multiple of another's: Mid is the ratio of their
// medians, as in a table, and Low and High are the interval that has the true ratio with
// confidence. Other values drawn from medians have such an interval too.
type Ratio struct{ Low, Mid, High float64 }

// Ratio returns the cost of contestant i as a multiple of that of contestant j. Both must have been
// measured.
func (s *Scenario) Ratio(i, j int) Ratio {
	rounds := len(s.Contestants[i].Samples)
	mine, others := drawnMedian(s.Contestants[i].Samples), drawnMedian(s.Contestants[j].Samples)
	return resampled(rounds, func(drawn []int) float64 { return mine(drawn) / others(drawn) })
}

// interval returns the median cost of one operation, with its interval.
func (s *Scenario) interval(i int) Ratio {
	rounds := len(s.Contestants[i].Samples)
	mine := drawnMedian(s.Contestants[i].Samples)
	return resampled(rounds, func(drawn []int) float64 { return mine(drawn) / s.Ops })
}

// includes reports whether other rounds of the same run could have given the other verdict of a
// limit.
func (r Ratio) includes(limit float64) bool { return r.Low <= limit && limit < r.High }

// The interval is a bootstrap: as many rounds as there were are drawn with replacement, again and
// again. The same rounds are drawn for both contestants of a ratio, so a round in which the machine
// was slow for both does not make it uncertain.
const (
	draws      = 1000
	confidence = 0.95
)

// resampled returns a statistic of n rounds, and the interval with the middle of its values when
// the rounds are drawn again. statistic gets the number of times that each round was drawn. The
// draws are always the same, so a table can be made again.
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

// drawnMedian returns a function for the median of samples, each counted as often as it was drawn.
// If all are drawn once, it is Quantile's.
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
