package samples

import (
	"fmt"
	"math"
	"slices"
)

// Growth is the power law that the costs of a series are most like.
type Growth struct {
	Series   string
	Sizes    []float64
	Costs    []float64 // of one operation
	Exponent float64   // of the larger half of the sizes; NaN: there are too few
	// the most that one of these costs is away from the law, as a factor: 1 is not at all
	Off float64

	places []int // of the contestants
}

// Growths returns the growth of each series that was measured, in the order in which they first
// stand.
func (s *Scenario) Growths() (all []Growth) {
	at := map[string]int{}
	for _, i := range s.Present() {
		c := &s.Contestants[i]
		k, ok := at[c.Series]
		if !ok {
			k = len(all)
			at[c.Series] = k
			all = append(all, Growth{Series: c.Series})
		}
		all[k].Sizes = append(all[k].Sizes, c.Size)
		all[k].Costs = append(all[k].Costs, s.PerOp(i))
		all[k].places = append(all[k].places, i)
	}
	for k := range all {
		all[k].fit()
	}
	return all
}

// fewest is how many points the law is drawn from at least, as far as there are as many.
const fewest = 3

// large is where the larger half of the sizes begins: with few, a cost is nearly constant in any
// case.
func (g *Growth) large() int { return max(0, min(len(g.Sizes)/2, len(g.Sizes)-fewest)) }

func (g *Growth) fit() {
	from := g.large()
	factor, exponent := PowerLaw(g.Sizes[from:], g.Costs[from:])
	g.Exponent, g.Off = exponent, 1
	for i := from; i < len(g.Sizes); i++ {
		off := g.Costs[i] / (factor * math.Pow(g.Sizes[i], exponent))
		g.Off = max(g.Off, off, 1/off)
	}
}

// exponent returns that of a growth, with its interval.
func (s *Scenario) exponent(g Growth) Ratio {
	from := g.large()
	var medians []func(drawn []int) float64
	for _, i := range g.places[from:] {
		medians = append(medians, drawnMedian(s.Contestants[i].Samples))
	}
	costs := make([]float64, len(medians))
	return resampled(len(s.Contestants[g.places[0]].Samples), func(drawn []int) float64 {
		for k, median := range medians {
			costs[k] = median(drawn)
		}
		_, exponent := PowerLaw(g.Sizes[from:], costs)
		return exponent
	})
}

// PowerLaw returns the law factor·sizeᵏ that the costs are most like, by least squares of the
// logarithms: an exponent k of 0 is a cost that does not grow, one of 1 grows in proportion. Both
// are NaN if there are not two sizes.
func PowerLaw(sizes, costs []float64) (factor, exponent float64) {
	var n, sumX, sumY, sumXX, sumXY float64
	for i, size := range sizes {
		x, y := math.Log(size), math.Log(costs[i])
		n, sumX, sumY, sumXX, sumXY = n+1, sumX+x, sumY+y, sumXX+x*x, sumXY+x*y
	}
	exponent = (n*sumXY - sumX*sumY) / (n*sumXX - sumX*sumX)
	return math.Exp((sumY - exponent*sumX) / n), exponent
}

// Sizes returns every size that a series was measured with, from small to large.
func (s *Scenario) Sizes() (all []float64) {
	for _, i := range s.Present() {
		all = append(all, s.Contestants[i].Size)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// AmountAt is the cost of a series with a size, as text; empty where it was not measured.
func (s *Scenario) AmountAt(g Growth, size float64) string {
	if k := slices.Index(g.Sizes, size); k >= 0 {
		return s.Amount(g.Costs[k])
	}
	return ""
}

// Limited returns the place of the contestant of a series that has its limit, or else of its first
// one.
func (s *Scenario) Limited(series string) int {
	in := func(c Contestant) bool { return c.Series == series && c.Measured() }
	if i := slices.IndexFunc(s.Contestants, func(c Contestant) bool { return in(c) && c.Most.Exponent > 0 }); i >= 0 {
		return i
	}
	return slices.IndexFunc(s.Contestants, in)
}

// Power is an exponent as text.
func Power(exponent float64) string {
	if math.Abs(exponent) < 0.005 {
		return "0.00" // Not -0.00.
	}
	return fmt.Sprintf("%.2f", exponent)
}
