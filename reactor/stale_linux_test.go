package reactor_test

import (
	"bytes"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/test/fdtest"
	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/reactor"
)

// runningClock gives l a clock that moves by step with each reading.
func runningClock(l *reactor.Loop, step time.Duration) {
	now := time.Now()
	l.SetClock(func() time.Time {
		now = now.Add(step)
		return now
	})
}

// leaveStale makes l watch a descriptor that is always ready, and closes it before its watcher. It
// returns a copy of the descriptor, which keeps the registration alive.
func leaveStale(t *testing.T, l *reactor.Loop, end func(w *reactor.Watcher)) (copied *descriptor, number int) {
	t.Helper()
	r := readyPipe(t)
	copied, number = r.Dup(), r.FD
	w := watch(t, l, r.FD, reactor.Readable, func(reactor.Readiness) { t.Error("an event for a closed descriptor") })
	r.Close()
	end(w)
	require.True(t, fdtest.Readable(t, l.PollerFD(), 0), "the kernel goes on reporting it")
	return copied, number
}

// pollUntilQuiet polls until no registration keeps l awake.
func pollUntilQuiet(t *testing.T, l *reactor.Loop) {
	t.Helper()
	for range 100_000 {
		if !fdtest.Readable(t, l.PollerFD(), 0) {
			return
		}
		poll(t, l)
	}
	require.Fail(t, "the loop stays awake")
}

func TestAStaleRegistrationIsCountedLoggedOnceAndDropped(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(w *reactor.Watcher)
	}{
		{"of a closed watcher", (*reactor.Watcher).Close},
		{"of an idle watcher", func(w *reactor.Watcher) { _ = w.Set(0) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			leakcheck.NoNewFDs(t)
			var log bytes.Buffer
			l := newLoopWith(t, reactor.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
			runningClock(l, time.Millisecond)
			live, in := pipe(t)
			got := ""
			w := watch(t, l, live.FD, reactor.Readable, func(reactor.Readiness) { got += live.ReadString() })
			idle := watch(t, l, in.FD, 0, func(reactor.Readiness) { t.Error("an idle watcher was called") })
			fd := l.PollerFD()

			copied, number := leaveStale(t, l, c.end)
			pollUntilQuiet(t, l)
			require.EqualValues(t, 1, l.Stats().Stale)
			require.Equal(t, 1, bytes.Count(log.Bytes(), []byte("closed before its watcher")), "%s", &log)
			require.Contains(t, log.String(), slog.Int("fd", number).String())

			require.Equal(t, fd, l.PollerFD())
			flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
			require.NoError(t, err)
			require.NotZero(t, flags&unix.FD_CLOEXEC)
			in.WriteString("x")
			poll(t, l)
			require.Equal(t, "x", got, "the others are still watched")
			require.NoError(t, w.Set(reactor.Readable|reactor.Hangup))
			in.WriteString("y")
			poll(t, l)
			require.Equal(t, "xy", got)
			doing(t, l, func() { // It can still be woken.
				waitAsleep(l)
				if err := l.Do(t.Context(), w.Close); err != nil {
					t.Error(err)
				}
			})
			idle.Close()
			for _, d := range []*descriptor{live, in, copied} {
				d.Close()
			}
			require.NoError(t, l.Close())
		})
	}
}

// TestARegistrationThatIsStaleForAMomentIsNotReported: a child may have a copy between fork and
// execve.
func TestARegistrationThatIsStaleForAMomentIsNotReported(t *testing.T) {
	l := newLoop(t)
	clock := stopClock(l)
	copied, _ := leaveStale(t, l, (*reactor.Watcher).Close)
	for range 10_000 { // Many turns, but no time.
		poll(t, l)
	}
	copied.Close()
	require.False(t, fdtest.Readable(t, l.PollerFD(), 0))
	clock.advance(time.Hour)
	poll(t, l)
	require.Zero(t, l.Stats().Stale)

	copied, _ = leaveStale(t, l, (*reactor.Watcher).Close)
	for range 10 { // Much time, but few turns.
		clock.advance(time.Hour)
		poll(t, l)
	}
	copied.Close()
	poll(t, l)
	require.Zero(t, l.Stats().Stale)
}

// TestWatchersClosedWithinTheirBatchAreNotStale closes one in each of many turns.
func TestWatchersClosedWithinTheirBatchAreNotStale(t *testing.T) {
	l := newLoop(t)
	runningClock(l, time.Second)
	for range 1000 {
		var watchers [2]*reactor.Watcher
		for i := range watchers {
			d := readyPipe(t)
			watchers[i] = watch(t, l, d.FD, reactor.Readable, func(reactor.Readiness) {
				watchers[0].Close()
				watchers[1].Close()
			})
			defer d.Close()
		}
		poll(t, l)
	}
	require.Zero(t, l.Stats().Stale)
}

// The outer epoll watches this one by its open file description, so it cannot be replaced.
func TestAStaleRegistrationOfAnEmbeddedLoopIsOnlyLogged(t *testing.T) {
	var log bytes.Buffer
	l := newLoopWith(t, reactor.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	epoll := epollAround(t, l)
	runningClock(l, time.Second)
	fd := l.FD()
	copied, _ := leaveStale(t, l, (*reactor.Watcher).Close)
	for range 10_000 {
		poll(t, l)
	}
	require.EqualValues(t, 1, l.Stats().Stale)
	require.Equal(t, 1, bytes.Count(log.Bytes(), []byte("closed before its watcher")), "%s", &log)
	require.Equal(t, fd, l.FD())
	copied.Close()
	poll(t, l)
	require.False(t, epoll.wait(0))
	ran := false
	require.NoError(t, l.Post(func() { ran = true }))
	require.True(t, epoll.wait(0))
	poll(t, l)
	require.True(t, ran)
}

// TestADescriptorReusedUnderAWatcherStaysUnwatched: when the set is made anew, the number of a
// watcher whose descriptor was closed belongs to another file.
func TestADescriptorReusedUnderAWatcherStaysUnwatched(t *testing.T) {
	l := newLoop(t)
	runningClock(l, time.Millisecond)
	r, _ := pipe(t)
	old := watch(t, l, r.FD, reactor.Readable, func(reactor.Readiness) { t.Error("an event for a closed descriptor") })
	reuse(t, r, readyPipe(t))
	leaveStale(t, l, (*reactor.Watcher).Close)
	pollUntilQuiet(t, l)
	poll(t, l)
	require.EqualValues(t, 1, l.Stats().Stale)
	old.Close()
}

// TestManyStaleRegistrationsAreAllDropped makes more of them than are tracked at a time.
func TestManyStaleRegistrationsAreAllDropped(t *testing.T) {
	l := newLoop(t)
	runningClock(l, time.Millisecond)
	for range 100 {
		leaveStale(t, l, (*reactor.Watcher).Close)
	}
	pollUntilQuiet(t, l)
	require.NotZero(t, l.Stats().Stale)
}

func TestWithoutADescriptorForANewPollerAStaleRegistrationStaysForAWhile(t *testing.T) {
	l := newLoop(t)
	runningClock(l, time.Millisecond)
	leaveStale(t, l, (*reactor.Watcher).Close)
	left := leaveDescriptors(t, 0)
	for range 10_000 {
		poll(t, l)
	}
	require.EqualValues(t, 1, l.Stats().Stale, "told once, however often it is tried")
	left.restore()
	pollUntilQuiet(t, l)
	require.EqualValues(t, 1, l.Stats().Stale)
}
