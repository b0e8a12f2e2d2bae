package reactor_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/reactor"
)

// bothWakeups runs test with the system's own wake-up and with a pipe.
func bothWakeups(t *testing.T, test func(t *testing.T, l *reactor.Loop)) {
	for name, pipe := range map[string]bool{"default": false, "pipe": true} {
		t.Run(name, func(t *testing.T) { test(t, newLoopWith(t, reactor.Options{PipeWakeup: pipe})) })
	}
}

//brood:checks S076
func TestABurstOfPostsToALoopThatDoesNotRunIsOneWakeUp(t *testing.T) {
	bothWakeups(t, func(t *testing.T, l *reactor.Loop) {
		wakes := l.CountWakes()
		for round := range 3 {
			ran := 0
			for range 100_000 {
				require.NoError(t, l.Post(func() { ran++ }))
			}
			run(t, l)
			require.Equal(t, 100_000, ran)
			require.Equal(t, round+1, wakes())
		}
	})
}

//brood:checks S076
func TestABurstOfPostsToASleepingLoopIsOneWakeUp(t *testing.T) {
	bothWakeups(t, func(t *testing.T, l *reactor.Loop) {
		const burst = 10_000
		wakes := l.CountWakes()
		release := l.Hold()
		ran := 0
		whenAsleep(l, func() {
			posted := make(chan struct{})
			post := func(fn func()) {
				if err := l.Post(fn); err != nil {
					t.Error(err)
				}
			}
			post(func() { <-posted }) // Keeps the loop from its next sleep until all are posted.
			for range burst {
				post(func() { ran++ })
			}
			post(release)
			close(posted)
		})
		run(t, l)
		require.Equal(t, burst, ran)
		require.Equal(t, 1, wakes())
	})
}

func TestPostsFromCallbacksNeedNoWakeUp(t *testing.T) {
	bothWakeups(t, func(t *testing.T, l *reactor.Loop) {
		left := 1000
		var post func()
		post = func() {
			if left--; left > 0 {
				require.NoError(t, l.Post(post))
			}
		}
		l.SetImmediate(post)
		wakes := l.CountWakes()
		run(t, l)
		require.Zero(t, left)
		require.Zero(t, wakes())
	})
}

func TestEveryDoorEndsTheSleep(t *testing.T) {
	bothWakeups(t, func(t *testing.T, l *reactor.Loop) {
		for _, door := range []struct {
			name string
			open func(release func())
		}{
			{"Post", func(release func()) { _ = l.Post(release) }},
			{"Do", func(release func()) { _ = l.Do(t.Context(), release) }},
			{"release", func(release func()) { release() }},
			{"Stop", func(release func()) {
				l.Stop()
				release()
			}},
		} {
			for range 100 {
				release := l.Hold()
				whenAsleep(l, func() { door.open(release) })
				run(t, l)
				for l.Alive() { // After Stop, until its goroutine has released.
					run(t, l)
				}
			}
		}
	})
}

func TestBusyPollTakesPostsWithoutAWakeUp(t *testing.T) {
	l := newLoopWith(t, reactor.Options{BusyPoll: time.Hour})
	wakes := l.CountWakes()
	release := l.Hold()
	ran := 0
	l.SetImmediate(func() {
		go func() { // Run waits for its end: it holds the loop.
			for range 100 {
				if err := l.Do(t.Context(), func() { ran++ }); err != nil {
					t.Error(err)
				}
			}
			if err := l.Post(release); err != nil {
				t.Error(err)
			}
		}()
	})
	run(t, l)
	require.Equal(t, 100, ran)
	require.Zero(t, wakes(), "the loop never slept")
}

func TestBusyPollFindsReadiness(t *testing.T) {
	l := newLoopWith(t, reactor.Options{BusyPoll: time.Hour})
	r, w := pipe(t)
	write := w.Writer("x")
	got := ""
	watchOnce(t, l, r, func() { got = r.ReadString() })
	l.NextTick(func() { go write() }) // Ends at once; what it writes is waited for.
	run(t, l)
	require.Equal(t, "x", got)
}

func TestBusyPollEndsForATimerAndDoesNotSleepAfterwards(t *testing.T) {
	l := newLoopWith(t, reactor.Options{BusyPoll: 2 * time.Hour})
	clock := &manualClock{time.Now()}
	l.SetClock(func() time.Time {
		// So the hour passes only while the loop polls busily.
		clock.advance(time.Second)
		return clock.now
	})
	fired := false
	start := clock.now
	l.SetTimeout(time.Hour, func() { fired = true })
	run(t, l)
	require.True(t, fired)
	require.Less(t, clock.now.Sub(start), time.Hour+time.Minute)
}
