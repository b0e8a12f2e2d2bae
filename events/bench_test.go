package events_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/events"
)

// listening returns an event with n listeners, which count their calls.
func listening(n int) (e *events.Event[int], calls *int) {
	e, calls = new(events.Event[int]), new(int)
	for range n {
		e.On(func(int) { *calls++ })
	}
	return e, calls
}

var listenerCounts = []int{1, 10, 1000}

// Adding and removing a listener makes one object, however many other listeners there are.
func TestAListenerThatComesAndGoesIsOneAllocation(t *testing.T) {
	fn := func(int) {}
	for _, n := range listenerCounts {
		e, calls := listening(n)
		for name, change := range map[string]func(){
			"On and Off":   func() { e.On(fn).Off() },
			"Once and Off": func() { e.Once(fn).Off() },
		} {
			for range 2 * n {
				change() // The list grows to its final size.
			}
			require.EqualValues(t, 1, testing.AllocsPerRun(1000, change), "%s among %d", name, n)
		}
		e.Emit(0)
		require.Equal(t, n, *calls)
	}
}

// The two are the registration, and the list without it: the list that is being called stays as it
// is.
func TestOnceAndItsCallAreTwoAllocations(t *testing.T) {
	var e events.Event[int]
	calls := 0
	fn := func(int) { calls++ }
	once := func() {
		e.Once(fn)
		e.Emit(0)
	}
	for range 100 {
		once()
	}
	calls = 0
	require.EqualValues(t, 2, testing.AllocsPerRun(1000, once))
	require.Equal(t, 1001, calls)
}

func BenchmarkEmit(b *testing.B) {
	for _, n := range listenerCounts {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			e, calls := listening(n)
			b.ReportAllocs()
			for b.Loop() {
				e.Emit(1)
			}
			require.Equal(b, n*b.N, *calls)
		})
	}
}

// BenchmarkOnOff adds a listener and removes the oldest one.
func BenchmarkOnOff(b *testing.B) {
	for _, n := range listenerCounts {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var e events.Event[int]
			fn := func(int) {}
			var ring []*events.Listener
			for range n {
				ring = append(ring, e.On(fn))
			}
			oldest := 0
			b.ReportAllocs()
			for b.Loop() {
				added := e.On(fn)
				ring[oldest].Off()
				ring[oldest] = added
				oldest = (oldest + 1) % n
			}
			require.Equal(b, n, e.Len())
		})
	}
}

func BenchmarkOnce(b *testing.B) {
	var e events.Event[int]
	calls := 0
	fn := func(int) { calls++ }
	b.ReportAllocs()
	for b.Loop() {
		e.Once(fn)
		e.Emit(0)
	}
	require.Equal(b, b.N, calls)
}
