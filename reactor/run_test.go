package reactor_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/fdtest"
	"github.com/brood-go/brood/reactor"
)

// forms are the things that keep a loop alive. start begins one, and end, called in a callback,
// ends it.
var liveThings = []struct {
	name  string
	start func(t *testing.T, l *reactor.Loop) (end func())
}{
	{"a timer", func(_ *testing.T, l *reactor.Loop) func() {
		timer := l.SetTimeout(time.Hour, func() {})
		return func() { timer.Stop() }
	}},
	{"an interval", func(_ *testing.T, l *reactor.Loop) func() {
		timer := l.SetInterval(time.Hour, func() {})
		return func() { timer.Unref() }
	}},
	{"a watcher", func(t *testing.T, l *reactor.Loop) func() {
		r, _ := pipe(t)
		w := watch(t, l, r.FD, reactor.Readable, func(reactor.Readiness) {})
		return w.Close
	}},
	{"a watcher that becomes idle", func(t *testing.T, l *reactor.Loop) func() {
		r, _ := pipe(t)
		w := watch(t, l, r.FD, 0, func(reactor.Readiness) {})
		require.NoError(t, w.Set(reactor.Readable))
		return func() { require.NoError(t, w.Set(0)) }
	}},
	{"a watcher that is unref'd", func(t *testing.T, l *reactor.Loop) func() {
		r, _ := pipe(t)
		w := watch(t, l, r.FD, reactor.Readable, func(reactor.Readiness) {})
		return w.Unref
	}},
	{"a watcher of a file", func(t *testing.T, l *reactor.Loop) func() {
		w := watch(t, l, fdtest.Open(t, "/dev/null").FD, reactor.Readable, func(reactor.Readiness) {})
		return w.Close
	}},
	{"a hold", func(_ *testing.T, l *reactor.Loop) func() { return l.Hold() }},
}

func TestRunEndsExactlyWhenNothingReferencedIsLeft(t *testing.T) {
	for _, thing := range liveThings {
		t.Run(thing.name, func(t *testing.T) {
			l := newLoop(t)
			require.False(t, l.Alive(), "a new loop")
			end := thing.start(t, l)
			require.True(t, l.Alive())
			ended := false
			unreffed := l.SetTimeout(time.Millisecond, func() {
				require.True(t, l.Alive())
				end()
				ended = true
				require.False(t, l.Alive())
			})
			unreffed.Unref()
			run(t, l)
			require.True(t, ended)
			require.False(t, l.Alive())
		})
	}
}

func TestQueuedCallbacksKeepRunAliveUntilTheyRan(t *testing.T) {
	l := newLoop(t)
	for _, kind := range callbackKinds {
		ran := false
		kind.queue(t, l, func() { ran = true })
		require.True(t, l.Alive(), kind.name)
		run(t, l)
		require.True(t, ran, kind.name)
		require.False(t, l.Alive(), kind.name)
	}
}

// callbackKinds are the ways to run a function once, soon.
var callbackKinds = []struct {
	name  string
	queue func(t *testing.T, l *reactor.Loop, fn func())
}{
	{"tick", func(_ *testing.T, l *reactor.Loop, fn func()) { l.NextTick(fn) }},
	{"timer", func(_ *testing.T, l *reactor.Loop, fn func()) { l.SetTimeout(0, fn) }},
	{"post", func(t *testing.T, l *reactor.Loop, fn func()) { require.NoError(t, l.Post(fn)) }},
	{"watcher", func(t *testing.T, l *reactor.Loop, fn func()) { watchOnce(t, l, readyPipe(t), fn) }},
	{"file", func(t *testing.T, l *reactor.Loop, fn func()) { watchOnce(t, l, fdtest.Open(t, "/dev/null"), fn) }},
	{"immediate", func(_ *testing.T, l *reactor.Loop, fn func()) { l.SetImmediate(fn) }},
	{"closing", func(_ *testing.T, l *reactor.Loop, fn func()) { l.QueueClosing(fn) }},
}

// watchOnce calls fn once, when d is readable.
func watchOnce(t *testing.T, l *reactor.Loop, d *descriptor, fn func()) {
	var w *reactor.Watcher
	w = watch(t, l, d.FD, reactor.Readable, func(reactor.Readiness) {
		w.Close()
		fn()
	})
}

//brood:checks S075
func TestStopFromACallbackEndsRunAfterTheTurnAndRunResumes(t *testing.T) {
	for _, kind := range callbackKinds {
		t.Run(kind.name, func(t *testing.T) {
			l := newLoop(t)
			var j journal
			kind.queue(t, l, func() {
				j.Add("stop")
				l.Stop()
				l.SetTimeout(0, j.Note("later"))
			})
			l.QueueClosing(j.Note("rest-of-the-turn"))
			run(t, l)
			require.ElementsMatch(t, []string{"stop", "rest-of-the-turn"}, j.Entries)
			require.True(t, l.Alive())
			run(t, l)
			require.Equal(t, "later", j.Entries[2])
			require.False(t, l.Alive())
		})
	}
}

//brood:checks S075
func TestStopBeforeRunMakesOnlyTheNextRunReturnAtOnce(t *testing.T) {
	l := newLoop(t)
	var j journal
	l.SetImmediate(j.Note("immediate"))
	l.Stop()
	l.Stop()
	run(t, l)
	require.Empty(t, j.Entries)
	require.Zero(t, l.Stats().Turns)
	run(t, l)
	j.Wants(t, "immediate")
}

//brood:checks S075
func TestStopBeforePollKeepsItFromSleeping(t *testing.T) {
	l := newLoop(t)
	timer := l.SetTimeout(time.Hour, func() {})
	l.Stop()
	alive, err := l.Poll(time.Hour)
	require.NoError(t, err)
	require.True(t, alive)
	timer.Stop()
	l.SetImmediate(func() {})
	run(t, l)
	require.False(t, l.Alive(), "Poll has used up the Stop")
}

//brood:checks S075
func TestStopFromAnotherGoroutineEndsTheSleep(t *testing.T) {
	l := newLoop(t)
	timer := l.SetTimeout(time.Hour, func() {})
	for range 100 {
		whenAsleep(l, l.Stop)
		run(t, l)
		require.True(t, l.Alive())
	}
	timer.Stop()
}

func TestStopFromAnotherGoroutineIsNeverLost(t *testing.T) {
	l := newLoop(t)
	timer := l.SetTimeout(time.Hour, func() {})
	for range 2000 {
		// It meets Run before, in, or on its way to its sleep. Run returns in each case.
		go l.Stop()
		run(t, l)
	}
	timer.Stop()
}

//brood:checks S075
func TestPollReturnsWhetherTheLoopIsAlive(t *testing.T) {
	l := newLoop(t)
	require.False(t, poll(t, l), "nothing to do")
	timer := l.SetTimeout(time.Hour, func() {})
	require.True(t, poll(t, l), "a timer is set")
	timer.Unref()
	require.False(t, poll(t, l), "an unref'd timer")
	timer.Stop()
	l.SetImmediate(func() { l.SetImmediate(func() {}) })
	require.True(t, poll(t, l), "an immediate set by an immediate")
	require.False(t, poll(t, l))
	require.NoError(t, l.Post(func() {}))
	require.False(t, poll(t, l), "a post runs in the turn")
	release := l.Hold()
	require.True(t, poll(t, l), "held")
	release()
	require.False(t, poll(t, l))
}

func TestPollRunsOneTurn(t *testing.T) {
	l := newLoop(t)
	turns := 0
	timer := l.SetInterval(0, func() { turns++ })
	for i := range 5 {
		require.True(t, poll(t, l))
		require.Equal(t, i+1, turns)
		require.EqualValues(t, i+1, l.Stats().Turns)
	}
	timer.Stop()
}

func TestPollSleepsNoLongerThanAskedAndEndsEarlyForAnEvent(t *testing.T) {
	l := newLoop(t)
	never := l.SetTimeout(time.Hour, func() { t.Error("an hour has passed") })
	for _, maxSleep := range []time.Duration{0, 1, time.Microsecond, 3 * time.Millisecond} {
		alive, err := l.Poll(maxSleep)
		require.NoError(t, err)
		require.True(t, alive, "Poll(%v)", maxSleep)
	}
	for _, maxSleep := range []time.Duration{-1, time.Hour, 1<<63 - 1} {
		fired := false
		l.SetTimeout(time.Millisecond, func() { fired = true })
		for !fired { // One sleep, and the turn in which it fires.
			alive, err := l.Poll(maxSleep)
			require.NoError(t, err)
			require.True(t, alive)
		}
		r, w := pipe(t)
		watchOnce(t, l, r, func() { fired = false })
		whenAsleep(l, w.Writer("x"))
		for fired {
			_, err := l.Poll(maxSleep)
			require.NoError(t, err)
		}
	}
	never.Stop()
}

func TestPollDoesNotSleepWhenNothingCouldWakeIt(t *testing.T) {
	l := newLoop(t)
	r, _ := pipe(t)
	unreffed := watch(t, l, r.FD, reactor.Readable, func(reactor.Readiness) {})
	unreffed.Unref()
	for _, maxSleep := range []time.Duration{-1, time.Hour} {
		alive, err := l.Poll(maxSleep)
		require.NoError(t, err)
		require.False(t, alive)
	}
}

func TestRunPollAndCloseRefuseInsideACallback(t *testing.T) {
	l := newLoop(t)
	calls := 0
	for _, kind := range callbackKinds {
		kind.queue(t, l, func() {
			calls++
			require.ErrorIs(t, l.Run(), reactor.ErrRunning)
			require.ErrorIs(t, l.RunContext(t.Context()), reactor.ErrRunning)
			_, err := l.Poll(0)
			require.ErrorIs(t, err, reactor.ErrRunning)
			require.ErrorIs(t, l.Close(), reactor.ErrRunning)
		})
	}
	run(t, l)
	require.Equal(t, len(callbackKinds), calls)
	for _, kind := range callbackKinds {
		kind.queue(t, l, func() {
			calls++
			require.ErrorIs(t, l.Close(), reactor.ErrRunning)
		})
		for before := calls; calls == before; {
			poll(t, l)
		}
	}
	require.NoError(t, l.Close())
}

func TestNowIsCachedUntilTheNextTurn(t *testing.T) {
	l := newLoop(t)
	clock := stopClock(l)
	start := clock.now
	for range 3 {
		l.SetImmediate(func() {
			require.Equal(t, start, l.Now())
			clock.advance(time.Second)
			require.Equal(t, start, l.Now(), "it does not move during a callback")
		})
		l.QueueClosing(func() { require.Equal(t, start, l.Now(), "nor between those of a turn") })
		poll(t, l)
		require.Equal(t, start, l.Now(), "nor after the turn")
		start = clock.now
	}
}

// TestNowIsOneTimeForTheTicksAndTheTimersOfATurn: looking for due timers must not move it.
func TestNowIsOneTimeForTheTicksAndTheTimersOfATurn(t *testing.T) {
	l := newLoop(t)
	clock := stopClock(l)
	start := clock.now
	fired := false
	l.SetTimeout(0, func() {
		fired = true
		require.Equal(t, start, l.Now())
	})
	l.SetTimeout(time.Millisecond, func() { t.Error("the turn began before this was due") }).Unref()
	l.NextTick(func() {
		require.Equal(t, start, l.Now())
		clock.advance(time.Second)
	})
	poll(t, l)
	require.True(t, fired)
}

// TestATimerSetByATickAtTheStartOfATurnWaitsForTheNextTurn: it was set in this turn, although it is
// due when the clock is read.
func TestATimerSetByATickAtTheStartOfATurnWaitsForTheNextTurn(t *testing.T) {
	l := newLoop(t)
	clock := stopClock(l)
	fired := 0
	other := l.SetTimeout(time.Hour, func() {})
	l.NextTick(func() {
		l.SetTimeout(0, func() { fired++ })
		clock.advance(time.Second)
	})
	poll(t, l)
	require.Zero(t, fired)
	poll(t, l)
	require.Equal(t, 1, fired)
	other.Stop()
}

func TestATurnReadsTheClockOnlyForATimerOrASleep(t *testing.T) {
	const turns = 100
	for _, c := range []struct {
		name  string
		setUp func(l *reactor.Loop) (end func())
		most  int // readings a turn
	}{
		{"nothing but events", func(*reactor.Loop) func() { return func() {} }, 0},
		{"a stopped timer", func(l *reactor.Loop) func() {
			l.SetTimeout(time.Hour, func() {}).Stop()
			return func() {}
		}, 0},
		{"a timer that is not due", func(l *reactor.Loop) func() {
			timer := l.SetTimeout(time.Hour, func() {})
			return func() { timer.Stop() }
		}, 1},
		{"Now", func(l *reactor.Loop) func() {
			w := watch(t, l, readyPipe(t).FD, reactor.Readable, func(reactor.Readiness) {
				l.Now()
				l.Now()
			})
			return w.Close
		}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLoop(t)
			end := c.setUp(l)
			w := watch(t, l, readyPipe(t).FD, reactor.Readable, func(reactor.Readiness) {})
			readings := 0
			l.SetClock(func() time.Time {
				readings++
				return time.Now()
			})
			readings = 0
			for range turns {
				require.True(t, poll(t, l))
			}
			require.Equal(t, c.most*turns, readings)
			w.Close()
			end()
		})
	}
	t.Run("a sleep", func(t *testing.T) {
		l := newLoop(t)
		readings := 0
		l.SetClock(func() time.Time {
			readings++
			return time.Now()
		})
		readings = 0
		left := turns
		var again func()
		again = func() {
			if left--; left > 0 {
				release := l.Hold()
				whenAsleep(l, func() {
					_ = l.Post(again)
					release()
				})
			}
		}
		l.SetImmediate(again)
		run(t, l)
		require.LessOrEqual(t, readings, 2*int(l.Stats().Turns), "before and after")
	})
}

func TestNowMovesWithTheEndOfASleep(t *testing.T) {
	l := newLoop(t)
	var before time.Time
	r, w := pipe(t)
	called := false
	watchOnce(t, l, r, func() {
		called = true
		r.ReadString() // Orders the goroutines, for the race detector too.
		require.False(t, l.Now().Before(before))
	})
	write := w.Writer("x")
	whenAsleep(l, func() {
		before = time.Now()
		write()
	})
	run(t, l)
	require.True(t, called)
}
