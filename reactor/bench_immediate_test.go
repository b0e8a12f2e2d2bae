package reactor_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkImmediate runs immediates that set the next one: a turn of the loop each.
func BenchmarkImmediate(b *testing.B) {
	const n = 1000
	l := newLoop(b)
	left := 0
	var again func()
	again = func() {
		if left--; left > 0 {
			l.SetImmediate(again)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		left = n
		l.SetImmediate(again)
		require.NoError(b, l.Run())
	}
	require.Zero(b, left)
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "immediates/s")
}

// BenchmarkImmediates runs many immediates in one turn.
func BenchmarkImmediates(b *testing.B) {
	const n = 1000
	l := newLoop(b)
	ran := 0
	fn := func() { ran++ }
	b.ReportAllocs()
	for b.Loop() {
		for range n {
			l.SetImmediate(fn)
		}
		require.NoError(b, l.Run())
	}
	require.Equal(b, n*b.N, ran)
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "immediates/s")
}
