package reactor_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/reactor"
)

// BenchmarkMillionTimers sets a million timers, stops every second one, and fires the rest.
func BenchmarkMillionTimers(b *testing.B) {
	const n = 1_000_000
	l := newLoop(b)
	timers := make([]*reactor.Timer, n)
	fired := 0
	fn := func() { fired++ }
	for i := range timers {
		timers[i] = l.SetTimeout(time.Hour, fn)
		timers[i].Stop()
	}
	want := 0
	b.ReportAllocs()
	for b.Loop() {
		for i, timer := range timers {
			timer.Reset(time.Duration(i*7919%n) * time.Nanosecond)
		}
		for i := 0; i < n; i += 2 {
			timers[i].Stop()
		}
		require.NoError(b, l.Run())
		want += n / 2
	}
	require.Equal(b, want, fired)
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "timers/s")
}

// BenchmarkTimer sets, puts off and fires one timer among a thousand that are set.
func BenchmarkTimer(b *testing.B) {
	unrefed := func(l *reactor.Loop) *reactor.Timer {
		t := l.SetTimeout(time.Hour, func() {})
		t.Unref()
		return t
	}
	for name, op := range map[string]func(l *reactor.Loop) func(){
		"Set":   func(l *reactor.Loop) func() { return func() { l.SetTimeout(time.Hour, func() {}).Stop() } },
		"Reset": func(l *reactor.Loop) func() { t := unrefed(l); return func() { t.Reset(time.Hour) } },
		"ResetToEarlier": func(l *reactor.Loop) func() {
			t, d := unrefed(l), time.Hour
			// The clock moves by less meanwhile.
			return func() { d -= 10 * time.Microsecond; t.Reset(d) }
		},
		"Fire": func(l *reactor.Loop) func() { t := unrefed(l); return func() { t.Reset(0); _, _ = l.Poll(0) } },
	} {
		b.Run(name, func(b *testing.B) {
			l := newLoop(b)
			for range 1000 {
				l.SetTimeout(30*time.Minute, func() {}).Unref()
			}
			fn := op(l)
			b.ReportAllocs()
			for b.Loop() {
				fn()
			}
		})
	}
}

// BenchmarkPost posts a function to the running loop, which posts it again, so that no wake-up is
// part of it.
func BenchmarkPost(b *testing.B) {
	l := newLoop(b)
	left := b.N
	var again func()
	again = func() {
		if left--; left > 0 {
			_ = l.Post(again)
		}
	}
	require.NoError(b, l.Post(again))
	b.ReportAllocs()
	b.ResetTimer()
	require.NoError(b, l.Run())
	require.Zero(b, left)
}

// BenchmarkPostBurst posts from 4 goroutines at once.
func BenchmarkPostBurst(b *testing.B) {
	const goroutines, each = 4, 10_000
	l := newLoop(b)
	ran, want := 0, 0
	fn := func() { ran++ }
	b.ReportAllocs()
	for b.Loop() {
		release := l.Hold()
		var posters sync.WaitGroup
		for range goroutines {
			posters.Go(func() { // Ends after its posts; the goroutine below waits for it.
				for range each {
					_ = l.Post(fn)
				}
			})
		}
		go func() { // Run waits for its end: it holds the loop.
			posters.Wait()
			release()
		}()
		require.NoError(b, l.Run())
		want += goroutines * each
	}
	require.Equal(b, want, ran)
	b.ReportMetric(float64(want)/b.Elapsed().Seconds(), "posts/s")
}

// BenchmarkPostRoundTrip posts one function at a time to a loop that sleeps in between.
func BenchmarkPostRoundTrip(b *testing.B) {
	for name, busy := range map[string]time.Duration{"Sleeping": 0, "BusyPoll": time.Second} {
		b.Run(name, func(b *testing.B) {
			l := newLoopWith(b, reactor.Options{BusyPoll: busy})
			release := l.Hold()
			go func() { // Run waits for its end: it holds the loop.
				defer release()
				answer := make(chan struct{}, 1)
				fn := func() { answer <- struct{}{} }
				b.ReportAllocs()
				for b.Loop() {
					_ = l.Post(fn)
					<-answer
				}
			}()
			require.NoError(b, l.Run())
		})
	}
}

// BenchmarkWatcherDispatch delivers the readiness of 500 descriptors a turn.
func BenchmarkWatcherDispatch(b *testing.B) {
	const n = 500
	l := newLoop(b)
	r := readyPipe(b)
	calls, want := 0, 0
	for range n {
		watch(b, l, r.Dup().FD, reactor.Readable, func(reactor.Readiness) { calls++ }).Unref()
	}
	b.ReportAllocs()
	for b.Loop() {
		_, err := l.Poll(0)
		require.NoError(b, err)
		want += n
	}
	require.Equal(b, want, calls)
	b.ReportMetric(float64(want)/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkNextTick runs ticks that queue the next one.
func BenchmarkNextTick(b *testing.B) {
	const n = 10_000
	l := newLoop(b)
	left := 0
	var tick func()
	tick = func() {
		if left--; left > 0 {
			l.NextTick(tick)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		left = n
		l.NextTick(tick)
		require.NoError(b, l.Run())
	}
	require.Zero(b, left)
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "ticks/s")
}

// BenchmarkTurn runs turns with next to no work.
func BenchmarkTurn(b *testing.B) {
	// One descriptor is always ready, so that the loop does not sleep.
	b.Run("Run", func(b *testing.B) {
		runTurns(b, newLoop(b))
	})
	b.Run("RunWithTimer", func(b *testing.B) { // The same while a timer is set that is not due.
		l := newLoop(b)
		timer := l.SetTimeout(time.Hour, func() {})
		runTurns(b, l)
		timer.Stop()
	})
	b.Run("Poll", func(b *testing.B) {
		l := newLoop(b)
		for b.Loop() {
			_, _ = l.Poll(0)
		}
	})
	// Like a foreign loop that calls it, with a timer that stays where it is.
	b.Run("EmbeddedPoll", func(b *testing.B) {
		l := newLoop(b)
		l.FD()
		timer := l.SetTimeout(time.Hour, func() {})
		for b.Loop() {
			_, _ = l.Poll(0)
		}
		timer.Stop()
	})
	b.Run("EmbeddedTimeout", func(b *testing.B) { // The same with a timer that each event puts off.
		l := newLoop(b)
		l.FD()
		timer := l.SetTimeout(time.Hour, func() {})
		w := watch(b, l, readyPipe(b).FD, reactor.Readable, func(reactor.Readiness) { timer.Reset(time.Hour) })
		for b.Loop() {
			_, _ = l.Poll(0)
		}
		w.Close()
		timer.Stop()
	})
	b.Run("Hold", func(b *testing.B) { // Nothing but a Hold, and a post each turn.
		l := newLoop(b)
		release := l.Hold()
		left := b.N
		var again func()
		again = func() {
			if left--; left > 0 {
				_ = l.Post(again)
				return
			}
			release()
		}
		require.NoError(b, l.Post(again))
		b.ResetTimer()
		require.NoError(b, l.Run())
	})
}

// runTurns runs b.N turns of l.
func runTurns(b *testing.B, l *reactor.Loop) {
	b.Helper()
	left := b.N
	w := watch(b, l, readyPipe(b).FD, reactor.Readable, func(reactor.Readiness) {
		if left--; left == 0 {
			l.Stop()
		}
	})
	b.ResetTimer()
	require.NoError(b, l.Run())
	b.StopTimer()
	w.Close()
}
