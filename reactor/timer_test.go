package reactor_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/reactor"
)

//brood:checks S074
func TestTimersFireByDeadlineThenByCreation(t *testing.T) {
	l := newLoop(t)
	clock := stopClock(l)
	var j journal
	l.SetTimeout(20*time.Millisecond, j.Note("20a"))
	l.SetTimeout(10*time.Millisecond, j.Note("10a"))
	l.SetTimeout(0, j.Note("0a"))
	l.SetTimeout(10*time.Millisecond, j.Note("10b"))
	l.SetTimeout(-5*time.Millisecond, j.Note("0b"))
	l.SetTimeout(20*time.Millisecond, j.Note("20b"))
	clock.advance(5 * time.Millisecond)
	l.SetTimeout(15*time.Millisecond, j.Note("20c"))
	l.SetTimeout(5*time.Millisecond, j.Note("10c"))
	clock.advance(time.Second)
	require.False(t, poll(t, l))
	j.Wants(t, "0a 0b 10a 10b 10c 20a 20b 20c")
}

//brood:checks S074
func TestThousandTimersWithOneDeadlineFireInTheOrderOfTheirCreation(t *testing.T) {
	l := newLoop(t)
	clock := stopClock(l)
	var fired []int
	for i := range 1000 {
		l.SetTimeout(time.Second, func() { fired = append(fired, i) })
		l.SetTimeout(time.Duration(i)*time.Millisecond, func() {}) // Keeps the heap moving.
	}
	clock.advance(time.Second)
	poll(t, l)
	require.Len(t, fired, 1000)
	require.IsIncreasing(t, fired)
}

//brood:checks S074
func TestATimerStoppedByAnEarlierOneOfTheSamePhaseDoesNotFire(t *testing.T) {
	l := newLoop(t)
	clock := stopClock(l)
	var j journal
	var second, interval *reactor.Timer
	l.SetTimeout(1, func() {
		j.Add("first")
		require.True(t, second.Stop())
		require.False(t, second.Stop())
		require.True(t, interval.Stop())
	})
	second = l.SetTimeout(2, j.Note("second"))
	interval = l.SetInterval(2, j.Note("interval"))
	l.SetTimeout(3, j.Note("third"))
	clock.advance(time.Second)
	require.False(t, poll(t, l))
	j.Wants(t, "first third")
}

//brood:checks S074
func TestATimerMovedByAnEarlierOneOfTheSamePhaseWaits(t *testing.T) {
	l := newLoop(t)
	clock := stopClock(l)
	var j journal
	var second *reactor.Timer
	l.SetTimeout(1, func() {
		j.Add("first")
		require.True(t, second.Reset(time.Hour))
	})
	second = l.SetTimeout(2, j.Note("second"))
	clock.advance(time.Second)
	require.True(t, poll(t, l))
	j.Wants(t, "first")
	clock.advance(time.Hour)
	require.False(t, poll(t, l))
	j.Wants(t, "second")
}

//brood:checks S074
func TestATimeoutFiresOnce(t *testing.T) {
	l := newLoop(t)
	clock := stopClock(l)
	fired := 0
	timer := l.SetTimeout(time.Millisecond, func() { fired++ })
	for range 5 {
		clock.advance(time.Hour)
		poll(t, l)
	}
	require.Equal(t, 1, fired)
	require.False(t, timer.Stop(), "it is not set any more")
}

//brood:checks S074
func TestAStoppedTimerNeverFires(t *testing.T) {
	l := newLoop(t)
	clock := stopClock(l)
	var j journal
	timer := l.SetTimeout(time.Millisecond, j.Note("timer"))
	interval := l.SetInterval(time.Millisecond, j.Note("interval"))
	require.True(t, timer.Stop())
	require.True(t, interval.Stop())
	require.False(t, timer.Stop())
	require.False(t, l.Alive())
	clock.advance(time.Hour)
	poll(t, l)
	require.Empty(t, j.Entries)
	require.False(t, timer.Reset(time.Millisecond), "Reset sets it again")
	clock.advance(time.Hour)
	poll(t, l)
	j.Wants(t, "timer")
}

//brood:checks S074
func TestResetFromItsOwnCallbackSetsATimeoutAgain(t *testing.T) {
	l := newLoop(t)
	clock := stopClock(l)
	var at []time.Duration
	start := clock.now
	var timer *reactor.Timer
	timer = l.SetTimeout(time.Millisecond, func() {
		at = append(at, clock.now.Sub(start))
		if len(at) < 4 {
			require.False(t, timer.Reset(time.Duration(len(at))*10*time.Millisecond), "a time-out that fires is not set")
		}
	})
	for range 100 {
		clock.advance(time.Millisecond)
		poll(t, l)
	}
	ms := time.Millisecond
	require.Equal(t, []time.Duration{1 * ms, 11 * ms, 31 * ms, 61 * ms}, at)
	require.False(t, l.Alive())
}

//brood:checks S074
func TestResetFromItsOwnCallbackChangesThePeriodOfAnInterval(t *testing.T) {
	l := newLoop(t)
	clock := stopClock(l)
	var at []time.Duration
	start := clock.now
	var timer *reactor.Timer
	timer = l.SetInterval(time.Millisecond, func() {
		at = append(at, clock.now.Sub(start))
		switch len(at) {
		case 2:
			require.True(t, timer.Reset(10*time.Millisecond), "an interval is set while it fires")
		case 4:
			require.True(t, timer.Stop())
		}
	})
	for range 100 {
		clock.advance(time.Millisecond)
		poll(t, l)
	}
	ms := time.Millisecond
	require.Equal(t, []time.Duration{1 * ms, 2 * ms, 12 * ms, 22 * ms}, at)
	require.False(t, l.Alive())
}

func TestResetTo0FromItsOwnCallbackFiresOnceATurn(t *testing.T) {
	l := newLoop(t)
	var turns []uint64
	var timer *reactor.Timer
	timer = l.SetTimeout(0, func() {
		turns = append(turns, l.Stats().Turns)
		if len(turns) < 3 {
			timer.Reset(0)
		}
	})
	run(t, l)
	require.Equal(t, []uint64{1, 2, 3}, turns)
}

func TestAnIntervalOf0OrLessFiresOnceATurn(t *testing.T) {
	for _, d := range []time.Duration{0, -time.Second, math.MinInt64} {
		l := newLoop(t)
		var turns []uint64
		var timer *reactor.Timer
		timer = l.SetInterval(d, func() {
			turns = append(turns, l.Stats().Turns)
			if len(turns) == 3 {
				timer.Stop()
			}
		})
		run(t, l)
		require.Equal(t, []uint64{1, 2, 3}, turns, "every %v", d)
	}
}

func TestThePeriodOfAnIntervalBeginsWithItsCallbackAndMissedOnesAreSkipped(t *testing.T) {
	l := newLoop(t)
	clock := stopClock(l)
	var at []time.Duration
	start := clock.now
	busy := []time.Duration{0, 4 * time.Millisecond, 35 * time.Millisecond, 0, 0}
	timer := l.SetInterval(10*time.Millisecond, func() {
		at = append(at, clock.now.Sub(start))
		clock.advance(busy[len(at)-1])
	})
	for len(at) < len(busy) {
		clock.advance(time.Millisecond)
		poll(t, l)
	}
	timer.Stop()
	ms := time.Millisecond
	// The callback at 30 ran until 65: the deadlines at 40, 50 and 60 are one firing.
	require.Equal(t, []time.Duration{10 * ms, 20 * ms, 30 * ms, 66 * ms, 76 * ms}, at)
}

func TestATimerSetByALongCallbackCountsFromTheCallNotFromTheTurn(t *testing.T) {
	l := newLoop(t)
	clock := stopClock(l)
	var j journal
	l.SetTimeout(0, func() {
		clock.advance(time.Second)
		l.SetTimeout(time.Second, j.Note("timer"))
	})
	poll(t, l)
	clock.advance(time.Second - 1)
	poll(t, l)
	require.Empty(t, j.Entries, "early")
	clock.advance(1)
	poll(t, l)
	j.Wants(t, "timer")
}

func TestHugeDurationsNeverFireAndDoNotOverflow(t *testing.T) {
	for _, huge := range []time.Duration{math.MaxInt64, math.MaxInt64 - 1, math.MaxInt64 / 2, 1 << 55} {
		l := newLoop(t)
		var never []*reactor.Timer
		fail := func() { t.Errorf("a timer of %v fired", huge) }
		never = append(never, l.SetTimeout(huge, fail), l.SetInterval(huge, fail), l.SetTimeout(huge, fail))
		never[2].Reset(huge)
		// It ends at once: it wakes the loop, whose sleep is as long as the timer.
		go func() { _ = l.Post(l.Stop) }()
		run(t, l)
		require.True(t, l.Alive())
		l.SetTimeout(time.Millisecond, func() { // And beside one that is due soon.
			for _, timer := range never {
				require.True(t, timer.Stop())
			}
		})
		run(t, l)
	}
}

func TestNegativeDurationsCountAsZero(t *testing.T) {
	l := newLoop(t)
	clock := stopClock(l)
	var j journal
	l.SetTimeout(0, j.Note("a"))
	l.SetTimeout(math.MinInt64, j.Note("b"))
	l.SetTimeout(-1, j.Note("c"))
	l.SetTimeout(time.Hour, j.Note("d")).Reset(-time.Hour)
	require.False(t, poll(t, l))
	j.Wants(t, "a b c d")
	require.Equal(t, clock.now, l.Now())
}

func TestAnUnreffedTimerDoesNotKeepRunAliveButFiresWhileSomethingElseDoes(t *testing.T) {
	l := newLoop(t)
	fired := 0
	interval := l.SetInterval(0, func() { fired++ })
	interval.Unref()
	run(t, l)
	require.Zero(t, fired, "nothing kept Run alive")
	l.SetTimeout(time.Millisecond, func() {})
	run(t, l)
	require.Positive(t, fired)
	fired = 0
	interval.Ref()
	require.True(t, l.Alive())
	l.SetTimeout(0, func() { interval.Stop() })
	run(t, l)
	require.False(t, l.Alive())
}

// TestRefAndUnrefOfATimerCountOnce checks the refs through every order of setting and unreffing.
func TestRefAndUnrefOfATimerCountOnce(t *testing.T) {
	l := newLoop(t)
	clock := stopClock(l)
	timer := l.SetTimeout(time.Second, func() {})
	refs := func(want int, when string) {
		t.Helper()
		require.Equal(t, want, l.Stats().Refs, when)
	}
	refs(1, "set")
	timer.Ref()
	refs(1, "ref'd as it was")
	timer.Unref()
	timer.Unref()
	refs(0, "unref'd twice")
	timer.Reset(time.Second)
	refs(0, "reset stays unref'd")
	timer.Stop()
	refs(0, "stopped while unref'd")
	timer.Ref()
	refs(0, "ref'd while stopped")
	timer.Reset(time.Second)
	refs(1, "set again")
	timer.Stop()
	timer.Unref()
	refs(0, "unref'd while stopped")
	timer.Reset(time.Second)
	clock.advance(time.Hour)
	poll(t, l)
	refs(0, "fired while unref'd")
	timer.Ref()
	refs(0, "fired, then ref'd")
}

func TestTimersAreNeverEarly(t *testing.T) {
	l := newLoop(t)
	testNeverEarly(t, l)
}

// testNeverEarly sets timers between the ticks of every resolution, and each checks the time.
func testNeverEarly(t *testing.T, l *reactor.Loop) {
	fired := 0
	for d := time.Duration(0); d < 12*time.Millisecond; d += 137*time.Microsecond + 1 {
		start := time.Now()
		l.SetTimeout(d, func() {
			fired++
			require.GreaterOrEqual(t, time.Since(start), d)
			require.GreaterOrEqual(t, l.Now().Sub(start), d, "Now")
		})
	}
	want := fired + l.Stats().Timers
	run(t, l)
	require.Equal(t, want, fired)
	// One at a time, each set by the one before, so that only its own sleep ends the poll.
	left := 20
	var next func()
	next = func() {
		if left--; left > 0 {
			start, d := time.Now(), time.Duration(left)*71*time.Microsecond+1
			l.SetTimeout(d, func() {
				require.GreaterOrEqual(t, time.Since(start), d)
				next()
			})
		}
	}
	next()
	run(t, l)
	require.Zero(t, left)
}
