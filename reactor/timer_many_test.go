package reactor_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/reactor"
)

// TestAMillionTimers sets a million timers, stops half of them, and fires the rest: each once, in
// order, none early.
func TestAMillionTimers(t *testing.T) {
	n := 1_000_000
	if testing.Short() {
		n /= 10
	}
	l := newLoop(t)
	r := rand.New(rand.NewPCG(1, 2))
	timers := make([]*reactor.Timer, n)
	// timer i was set after notBefore[i] and before notBefore[i+1] lessened by its delay
	notBefore := make([]time.Time, n+1)
	delays := make([]time.Duration, n)
	fired := make([]bool, n)
	base := time.Now()
	var latest time.Time // the latest of the deadlines, at least, of those that fired
	for i := range n {
		delays[i] = time.Duration(r.Int64N(int64(200 * time.Millisecond)))
		notBefore[i] = time.Now()
		timers[i] = l.SetTimeout(delays[i], func() {
			least, most := notBefore[i].Add(delays[i]), notBefore[i+1].Add(delays[i])
			if fired[i] || time.Now().Before(least) || most.Before(latest) {
				require.Fail(t, "twice, early or out of order", "timer %d at %v, due in %v…%v, after one due at %v or later",
					i, time.Since(base), least.Sub(base), most.Sub(base), latest.Sub(base))
			}
			fired[i] = true
			if latest.Before(least) {
				latest = least
			}
		})
	}
	notBefore[n] = time.Now()
	stopped := r.Perm(n)[:n/2]
	for _, i := range stopped {
		if !timers[i].Stop() {
			require.Fail(t, "not set", "timer %d", i)
		}
	}
	require.Equal(t, n/2, l.Stats().Timers)
	run(t, l)
	for _, i := range stopped {
		fired[i] = !fired[i]
	}
	require.Equal(t, -1, slices.Index(fired, false), "one that was stopped fired, or one that was not did not")
	require.Zero(t, l.TimerEntries())
}

// TestTheCostOfTimersDoesNotGrowWithTheirSquare compares the processor time of 100,000 timers with
// that of 1,000,000 (a tenth of both with -short or the race detector). The expected ratio is a
// little over 10, a quadratic algorithm would have 100; the bound is far from both.
func TestTheCostOfTimersDoesNotGrowWithTheirSquare(t *testing.T) {
	l := newLoop(t)
	clock := stopClock(l)
	n := 100_000
	if testing.Short() || raceEnabled {
		n /= 10
	}
	for _, load := range []struct {
		name string
		do   func(timers []*reactor.Timer)
	}{
		{"fire", func([]*reactor.Timer) {}},
		{"stop in order", func(timers []*reactor.Timer) {
			for _, timer := range timers {
				timer.Stop()
			}
		}},
		{"stop from the end", func(timers []*reactor.Timer) {
			for i := range timers {
				timers[len(timers)-1-i].Stop()
			}
		}},
		{"reset all to later", func(timers []*reactor.Timer) {
			for _, timer := range timers {
				timer.Reset(time.Hour)
			}
		}},
	} {
		cost := func(n int) time.Duration {
			timers := make([]*reactor.Timer, n)
			before := processorTime(t)
			for i := range timers {
				timers[i] = l.SetTimeout(time.Duration(i*7919%n)*time.Microsecond, func() {})
			}
			load.do(timers)
			for clock.advance(time.Hour); poll(t, l); {
			}
			return processorTime(t) - before
		}
		few := max(cost(n), time.Millisecond)
		// The collector may run in one of them.
		many := min(cost(10*n), cost(10*n), cost(10*n))
		require.Less(t, many, 40*few, load.name)
	}
}

func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var u unix.Rusage
	require.NoError(t, unix.Getrusage(unix.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// A time-out that each event postpones, the usual kind, adds no entry each time, and fires in its
// new order.
func TestPostponedTimersLeaveNoEntriesBehind(t *testing.T) {
	l := newLoop(t)
	clock := stopClock(l)
	var j journal
	a := l.SetTimeout(time.Second, j.Note("a"))
	b := l.SetTimeout(time.Second, j.Note("b"))
	c := l.SetTimeout(time.Second, j.Note("c"))
	for range 1000 {
		clock.advance(time.Millisecond)
		require.True(t, b.Reset(time.Second))
		require.True(t, a.Reset(time.Second))
		require.True(t, c.Reset(2*time.Second))
		require.True(t, c.Reset(time.Second)) // Earlier again, but after the others.
		require.LessOrEqual(t, l.TimerEntries(), 64)
	}
	poll(t, l)
	require.Empty(t, j.Entries)
	clock.advance(time.Second - 1)
	poll(t, l)
	require.Empty(t, j.Entries)
	clock.advance(1)
	poll(t, l)
	j.Wants(t, "b a c")
	require.False(t, a.Reset(0))
	poll(t, l)
	j.Wants(t, "a")
}

func TestStoppedTimersLeaveNoMoreBehindThanAreSet(t *testing.T) {
	l := newLoop(t)
	stopClock(l)
	const slack = 64 // what is not worth sweeping
	keep := l.SetTimeout(time.Hour, func() {})
	for range 100_000 {
		l.SetTimeout(time.Minute, func() {}).Stop()
		keep.Reset(time.Hour)
		require.LessOrEqual(t, l.TimerEntries(), slack)
	}
	var timers []*reactor.Timer
	for range 10_000 {
		timers = append(timers, l.SetTimeout(time.Minute, func() {}))
	}
	for _, timer := range timers {
		timer.Stop()
		require.LessOrEqual(t, l.TimerEntries(), 2*l.Stats().Timers+slack)
	}
	require.Equal(t, 1, l.Stats().Timers)
	keep.Stop()
}
