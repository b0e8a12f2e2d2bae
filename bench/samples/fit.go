package samples

import (
	"fmt"
	"math"
	"slices"
)

// Growth is the power law that fits the costs of a series best.
type Growth struct {
	Series   string
	Sizes    []float64
	Costs    []float64 // of one operation
	Exponent float64   // of the larger half of the sizes; NaN: there are too few
	Off      float64   // greatest factor between one of these costs and the law; 1: all fit

	places []int // indices of the contestants
}

// Growths returns the growth of each series that was measured, in the order of their first
// contestants.
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

// fewest is the number of points that the law is fitted to at least, if there are as many.
const fewest = 3

// large returns the index at which the larger half of the sizes begins. With few things a cost is
// nearly constant in any case.
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

// exponent returns the exponent of a growth, with its interval.
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

// PowerLaw fits the law factor·sizeᵏ to costs, by least squares of the logarithms. The exponent k
// is 0 for a cost that does not grow, and 1 for one that grows in proportion. Both results are NaN
// if there are not two sizes.
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

// AmountAt returns the cost of a series at a size as text; empty if it was not measured.
func (s *Scenario) AmountAt(g Growth, size float64) string {
	if k := slices.Index(g.Sizes, size); k >= 0 {
		return s.Amount(g.Costs[k])
	}
	return ""
}

// Limited returns the index of the contestant of a series that has its limit, or else of its first
// one.
func (s *Scenario) Limited(series string) int {
	in := func(c Contestant) bool { return c.Series == series && c.Measured() }
	if i := slices.IndexFunc(s.Contestants, func(c Contestant) bool { return in(c) && c.Most.Exponent > 0 }); i >= 0 {
		return i
	}
	return slices.IndexFunc(s.Contestants, in)
}

// Power returns an exponent as text.
func Power(exponent float64) string {
	if math.Abs(exponent) < 0.005 {
		return "0.00" // Not -0.00.
	}
	return fmt.Sprintf("%.2f", exponent)
}
