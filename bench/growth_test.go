package main

import (
	"math"
	"testing"
	"time"
)

func TestExponentIsThatOfAPowerLaw(t *testing.T) {
	counts := []int{10, 100, 1000, 20_000}
	for _, want := range []float64{0, 0.5, 1, 2} {
		var costs []time.Duration
		for _, count := range counts {
			costs = append(costs, time.Duration(1e6*math.Pow(float64(count), want)))
		}
		if got := exponent(counts, costs); math.Abs(got-want) > 1e-6 {
			t.Errorf("exponent of c·countᵏ with k = %v: %v", want, got)
		}
	}
}
