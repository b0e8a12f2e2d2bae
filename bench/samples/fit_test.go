package samples

import (
	"math"
	"testing"
)

func TestTheFitFindsAPowerLaw(t *testing.T) {
	sizes := []float64{10, 100, 1000, 20_000}
	for _, want := range []float64{0, 0.5, 1, 2} {
		var costs []float64
		for _, size := range sizes {
			costs = append(costs, 7*math.Pow(size, want))
		}
		factor, exponent := PowerLaw(sizes, costs)
		if math.Abs(exponent-want) > 1e-9 || math.Abs(factor-7) > 1e-6 {
			t.Errorf("7·sizeᵏ with k = %v is fitted as %v·sizeᵏ with k = %v", want, factor, exponent)
		}
	}
}

// A limit that a growth meets in some rounds and misses in others is within the noise.
func TestTheExponentHasAnInterval(t *testing.T) {
	s := growthOf(func(float64) float64 { return 1 }, 10, 100, 1000)
	for i := range s.Contestants {
		c := &s.Contestants[i]
		c.Samples = nil
		for round := range 9 {
			c.Samples = append(c.Samples, int64(1e6*math.Pow(c.Size, 0.1*float64(round%3))))
		}
	}
	for limit, want := range map[float64]string{0.15: "met within the noise", 0.05: "missed within the noise", 0.3: "met"} {
		s.Contestants[0].Most.Exponent = limit
		if all := s.Verdicts(0); len(all) != 1 || all[0].Outcome() != want {
			t.Errorf("exponent ≤ %v: %v, want %s", limit, all, want)
		}
	}
}

// Noise of a factor of up to 1.2 either way, the same at both ends, does not move the exponent far.
func TestTheFitIsNotMovedFarByNoise(t *testing.T) {
	sizes := []float64{1e3, 1e4, 1e5, 1e6}
	noise := []float64{1.2, 1 / 1.2, 1.1, 1 / 1.1}
	for _, want := range []float64{0, 1} {
		var costs []float64
		for i, size := range sizes {
			costs = append(costs, noise[i]*math.Pow(size, want))
		}
		if _, got := PowerLaw(sizes, costs); math.Abs(got-want) > 0.05 {
			t.Errorf("k = %v with noise is fitted as %v", want, got)
		}
	}
}

// A cost that is constant at first and linear with many is linear: the larger half counts.
func TestTheGrowthIsThatOfTheLargeSizes(t *testing.T) {
	s := growthOf(func(size float64) float64 { return 1000 + size }, 1, 10, 1e4, 1e5, 1e6, 1e7)
	g := s.Growths()
	if len(g) != 1 || g[0].Series != "brood" || len(g[0].Sizes) != 6 {
		t.Fatalf("growths %+v", g)
	}
	if math.Abs(g[0].Exponent-1) > 0.02 || g[0].Off > 1.02 {
		t.Errorf("exponent %v, off by %v", g[0].Exponent, g[0].Off)
	}
}

// A jump is no power law: Off is large.
func TestTheGrowthSaysHowFarOffItIs(t *testing.T) {
	s := growthOf(func(size float64) float64 {
		if size == 1000 {
			return 100_000
		}
		return 1000
	}, 10, 100, 1000, 10_000)
	if g := s.Growths()[0]; g.Off < 5 {
		t.Errorf("a jump by 100 is off by %v", g.Off)
	}
}

func TestTheExponentHasAVerdict(t *testing.T) {
	for exponent, met := range map[float64]bool{0: true, 1: false} {
		s := growthOf(func(size float64) float64 { return 1000 * math.Pow(size, exponent) }, 10, 100, 1000)
		for i := range s.Contestants {
			s.Contestants[i].Most.Exponent = 0.1
		}
		if all := s.Verdicts(0); len(all) != 1 || all[0].Met != met {
			t.Errorf("exponent %v: %v", exponent, all)
		}
		if all := s.Verdicts(1); len(all) != 0 { // A series has one verdict.
			t.Errorf("the second of a series: %v", all)
		}
	}
}

func TestOneSizeHasNoExponent(t *testing.T) {
	s := growthOf(func(float64) float64 { return 1000 }, 10)
	s.Contestants[0].Most.Exponent = 0.1
	if g := s.Growths()[0]; !math.IsNaN(g.Exponent) {
		t.Errorf("exponent %v", g.Exponent)
	}
	if all := s.Verdicts(0); len(all) != 0 {
		t.Errorf("verdicts %v", all)
	}
}

func growthOf(cost func(size float64) float64, sizes ...float64) *Scenario {
	s := &Scenario{Name: "growth", Unit: "child", Ops: 1, Measure: Nanoseconds, GrowsWith: "children"}
	for _, size := range sizes {
		s.Contestants = append(s.Contestants, Contestant{Name: "brood", Series: "brood", Size: size, Samples: []int64{int64(cost(size))}})
	}
	return s
}
