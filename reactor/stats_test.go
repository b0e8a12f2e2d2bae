package reactor_test

import (
	"bytes"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/reactor"
)

func TestStatsCountTurnsAndCallbacks(t *testing.T) {
	l := newLoop(t)
	require.Zero(t, l.Stats().Turns)
	require.Zero(t, l.Stats().Callbacks)
	for i, kind := range callbackKinds {
		before := l.Stats()
		kind.queue(t, l, func() {})
		poll(t, l)
		after := l.Stats()
		require.EqualValues(t, i+1, after.Turns, kind.name)
		wakeups := uint64(0) // The loop's own, after a Post from outside of Run.
		if kind.name == "post" {
			wakeups = after.Callbacks - before.Callbacks - 1
			require.LessOrEqual(t, wakeups, uint64(1))
		}
		require.Equal(t, before.Callbacks+1+wakeups, after.Callbacks, kind.name)
	}
}

func TestStatsGaugeWhatIsOpenAndSet(t *testing.T) {
	l := newLoop(t)
	own := l.Stats()
	require.LessOrEqual(t, own.Watchers, 1, "the wake-up's")
	a, b := l.SetTimeout(time.Hour, func() {}), l.SetInterval(time.Hour, func() {})
	b.Unref()
	r, _ := pipe(t)
	w := watch(t, l, r.FD, reactor.Readable, func(reactor.Readiness) {})
	idle := watch(t, l, r.FD, 0, func(reactor.Readiness) {})
	i := l.SetImmediate(func() {})
	s := l.Stats()
	require.Equal(t, []int{own.Watchers + 2, 2, 3}, []int{s.Watchers, s.Timers, s.Refs})
	a.Stop()
	b.Stop()
	w.Close()
	idle.Close()
	i.Stop()
	s = l.Stats()
	require.Equal(t, []int{own.Watchers, 0, 0}, []int{s.Watchers, s.Timers, s.Refs})
}

func TestStatsMeasureTheTimeAsleepAndTheLongestBusyTime(t *testing.T) {
	l := newLoop(t)
	start := time.Now()
	var passed atomic.Int64 // The clock is moved from another goroutine too.
	advance := func(d time.Duration) { passed.Add(int64(d)) }
	l.SetClock(func() time.Time { return start.Add(time.Duration(passed.Load())) })
	r, w := pipe(t)
	work := []time.Duration{3 * time.Second, 9 * time.Second, 4 * time.Second}
	write := w.Writer("x")
	var watcher *reactor.Watcher
	watcher = watch(t, l, r.FD, reactor.Readable, func(reactor.Readiness) {
		r.ReadString()
		if len(work) == 0 {
			watcher.Close()
			return
		}
		advance(work[0])
		work = work[1:]
		whenAsleep(l, func() {
			advance(time.Minute) // While the loop sleeps.
			write()
		})
	})
	w.WriteString("x")
	run(t, l)
	s := l.Stats()
	require.Equal(t, 3*time.Minute, s.PollWait)
	require.Equal(t, 9*time.Second, s.LongestBusy)
}

func TestTheLongestBusyTimeDoesNotCountTimeOutsideOfRun(t *testing.T) {
	l := newLoop(t)
	clock := stopClock(l)
	sleepOnce := func() {
		release := l.Hold()
		whenAsleep(l, release)
		run(t, l)
	}
	sleepOnce()
	clock.advance(time.Hour)
	sleepOnce()
	require.Less(t, l.Stats().LongestBusy, time.Hour)
}

func TestBusyPollingCountsAsPollWait(t *testing.T) {
	l := newLoopWith(t, reactor.Options{BusyPoll: time.Hour})
	clock := stopClock(l)
	release := l.Hold()
	l.NextTick(func() {
		readings := 0
		l.SetClock(func() time.Time {
			if readings++; readings == 10 {
				clock.advance(time.Minute)
				_ = l.Post(release)
			}
			return clock.now
		})
	})
	run(t, l)
	require.Equal(t, time.Minute, l.Stats().PollWait)
}

func TestSlowCallbacksAreTimedAndLogged(t *testing.T) {
	for _, kind := range callbackKinds {
		t.Run(kind.name, func(t *testing.T) {
			var log bytes.Buffer
			l := newLoopWith(t, reactor.Options{
				SlowCallback: 10 * time.Millisecond,
				Logger:       slog.New(slog.NewTextHandler(&log, nil)),
			})
			clock := stopClock(l)
			for _, d := range []time.Duration{25, 9, 10, 0} {
				kind.queue(t, l, func() { clock.advance(d * time.Millisecond) })
			}
			run(t, l)
			require.Equal(t, 25*time.Millisecond, l.Stats().LongestCallback)
			require.Equal(t, 2, bytes.Count(log.Bytes(), []byte("slow callback")), "%s", &log)
			require.Contains(t, log.String(), "took=25ms")
			require.Contains(t, log.String(), "took=10ms")
		})
	}
}

func TestASlowCallbackThatPanicsIsTimedToo(t *testing.T) {
	l := newLoopWith(t, reactor.Options{SlowCallback: time.Millisecond, OnPanic: func(any, []byte) {}})
	clock := stopClock(l)
	l.SetImmediate(func() {
		clock.advance(time.Second)
		panic("slowly")
	})
	run(t, l)
	require.Equal(t, time.Second, l.Stats().LongestCallback)
}

func TestCallbacksAreNotTimedUnlessAskedFor(t *testing.T) {
	var log bytes.Buffer
	l := newLoopWith(t, reactor.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	clock := stopClock(l)
	l.SetImmediate(func() { clock.advance(time.Hour) })
	run(t, l)
	require.Zero(t, l.Stats().LongestCallback)
	require.Empty(t, log.String())
}

func TestLogWritesToTheLoopsLoggerAndNowhereWithoutOne(t *testing.T) {
	var log bytes.Buffer
	newLoopWith(t, reactor.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))}).Log(slog.LevelError, "lost", "fd", 7)
	require.Contains(t, log.String(), `level=ERROR msg=lost fd=7`)
	log.Reset()
	newLoop(t).Log(slog.LevelError, "lost")
	newLoopWith(t, reactor.Options{}).Log(slog.LevelError, "lost")
	require.Empty(t, log.String())
}
