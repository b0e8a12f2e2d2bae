package main

import (
	"math/rand/v2"
	"runtime"
	"time"

	"github.com/brood-go/brood/reactor"
)

var timerCounts = []int{1000, 10_000, 100_000, 1_000_000}

// The reasons why a timer among a million costs more than a heap's logarithm.
const (
	becauseReset = "the timers, not the heap, are larger than the processor's caches: putting one off, which does not touch the heap, takes as long, and touching bare objects grows alike, as time.Timer does"
	becauseFire  = "the heap of so many timers is larger than the processor's caches, so each step in it waits for memory"
)

// timerResetGrowth resets timers, which do not fire, with more and more of them.
func timerResetGrowth(n int) scenario {
	g := growth{name: "a timer reset with the number of timers", unit: "reset", with: "timers", ops: float64(n), sizes: timerCounts}
	var loop *reactor.Loop
	var objects []*bareTimer
	var ours []*reactor.Timer
	var others []*time.Timer
	// at returns a deadline after the end of the run.
	at := func() time.Duration { return time.Hour + time.Duration(rand.Int64N(int64(time.Hour))) }
	g.series = []series{
		{
			name: "bare objects",
			setUp: func(count int) (tearDown func()) {
				objects = make([]*bareTimer, count)
				for i := range objects {
					objects[i] = &bareTimer{fn: func() {}}
				}
				return func() { objects = nil }
			},
			run: func(int) time.Duration {
				base := time.Now()
				return resetAll(n, objects, func(t *bareTimer, d time.Duration) { t.when = int64(time.Since(base) + d) }, at)
			},
		},
		{
			name: "brood", exponent: logarithmic, because: becauseReset,
			setUp: func(count int) (tearDown func()) {
				loop, ours = newLoop(), make([]*reactor.Timer, count)
				for i := range ours {
					ours[i] = loop.SetTimeout(at(), func() {})
				}
				return func() {
					ours = nil
					check(loop.Close())
				}
			},
			run: func(int) time.Duration {
				return resetAll(n, ours, func(t *reactor.Timer, d time.Duration) { t.Reset(d) }, at)
			},
		},
		{
			name: "time.Timer",
			setUp: func(count int) (tearDown func()) {
				others = make([]*time.Timer, count)
				for i := range others {
					others[i] = time.AfterFunc(at(), func() {})
				}
				return func() {
					for _, t := range others {
						t.Stop()
					}
					others = nil
				}
			},
			run: func(int) time.Duration {
				return resetAll(n, others, func(t *time.Timer, d time.Duration) { t.Reset(d) }, at)
			},
		},
	}
	return g.scenario()
}

// bareTimer is as large as a timer, without any order: the floor is to find it and to read the
// clock.
type bareTimer struct {
	fn   func()
	when int64
	_    [4]int64
}

// resetAll resets n times a random timer to a deadline among those of the others. The random choice
// is not timed.
func resetAll[T any](n int, timers []T, reset func(T, time.Duration), at func() time.Duration) time.Duration {
	type choice struct {
		timer int
		at    time.Duration
	}
	choices := make([]choice, n)
	for i := range choices {
		choices[i] = choice{rand.IntN(len(timers)), at()}
	}
	start := time.Now()
	for _, c := range choices {
		reset(timers[c.timer], c.at)
	}
	return time.Since(start)
}

// timerFireGrowth fires more and more timers, which are all due. It times the loop alone, from the
// moment when they are due.
func timerFireGrowth() scenario {
	g := growth{name: "a timer fired with the number of timers", unit: "timer", with: "timers", ops: 1, sizes: timerCounts}
	g.series = []series{{
		name: "brood", exponent: logarithmic, because: becauseFire,
		run: func(count int) time.Duration {
			l := newLoop()
			fired := 0
			fn := func() { fired++ }
			for range count {
				l.SetTimeout(time.Duration(rand.Int64N(int64(10*time.Millisecond))), fn)
			}
			// Wait until the last is due, for which there is no event.
			time.Sleep(20 * time.Millisecond)
			// Otherwise a collection that began earlier would run beside the loop.
			runtime.GC()
			start := time.Now()
			check(l.Run())
			d := time.Since(start)
			mustEqual(fired, count)
			check(l.Close())
			return d / time.Duration(count)
		},
	}}
	return g.scenario()
}
