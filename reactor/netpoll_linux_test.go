package reactor_test

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/reactor"
)

func newNetpollLoop(t testing.TB) *reactor.Loop {
	t.Helper()
	return newLoopWith(t, reactor.Options{Netpoll: true})
}

func TestANetpollLoopWakesForDescriptorsTimersAndPosts(t *testing.T) {
	l := newNetpollLoop(t)
	r, w := pipe(t)
	var got []string
	var watcher *reactor.Watcher
	watcher = watch(t, l, r.FD, reactor.Readable, func(reactor.Readiness) {
		got = append(got, "descriptor")
		watcher.Close()
		start := time.Now()
		l.SetTimeout(20*time.Millisecond, func() {
			require.GreaterOrEqual(t, time.Since(start), 20*time.Millisecond)
			got = append(got, "timer")
			release := l.Hold()
			whenAsleep(l, func() {
				_ = l.Post(func() {
					got = append(got, "post")
					release()
				})
			})
		})
	})
	whenAsleep(l, func() { w.WriteString("x") })
	run(t, l)
	require.Equal(t, []string{"descriptor", "timer", "post"}, got)
}

// TestANetpollLoopWakesForDescriptorsAfterItsPollerWasRenewed: the runtime's poller must watch the
// epoll instance that the loop has now.
func TestANetpollLoopWakesForDescriptorsAfterItsPollerWasRenewed(t *testing.T) {
	l := newNetpollLoop(t)
	runningClock(l, time.Millisecond)
	copied, _ := leaveStale(t, l, (*reactor.Watcher).Close)
	pollUntilQuiet(t, l)
	require.EqualValues(t, 1, l.Stats().Stale)
	copied.Close()
	r, w := pipe(t)
	got := ""
	var watcher *reactor.Watcher
	watcher = watch(t, l, r.FD, reactor.Readable, func(reactor.Readiness) {
		got = r.ReadString()
		watcher.Close()
	})
	whenAsleep(l, func() { w.WriteString("x") })
	run(t, l)
	require.Equal(t, "x", got)
}

// TestASleepingNetpollLoopHasNoThread: a loop that sleeps in a system call has one.
func TestASleepingNetpollLoopHasNoThread(t *testing.T) {
	const loops = 16
	if os.Getenv("BROOD_TEST_WAKEUP") != "netpoll" { // With it newLoop makes no such loop.
		sleepMany(t, loops, newLoop, func() bool { return threadsInEpollWait(t) >= loops })
	}
	// One is the runtime's own.
	sleepMany(t, loops, newNetpollLoop, func() bool { return threadsInEpollWait(t) <= 1 })
}

// sleepMany has loops of newLoop sleep until reached holds.
func sleepMany(t *testing.T, loops int, newLoop func(testing.TB) *reactor.Loop, reached func() bool) {
	t.Helper()
	var asleep, ended sync.WaitGroup
	defer ended.Wait()
	for range loops {
		l := newLoop(t)
		defer l.Hold()()
		asleep.Add(1)
		whenAsleep(l, asleep.Done)
		ended.Go(func() {
			if err := l.Run(); err != nil {
				t.Errorf("Run: %v", err)
			}
		})
	}
	asleep.Wait()
	looptest.Eventually(t, "so many threads are in epoll_wait(2)", reached)
}

// threadsInEpollWait is the number of this process's threads that sleep there, by
// proc_pid_wchan(5).
func threadsInEpollWait(t testing.TB) int {
	t.Helper()
	places, err := filepath.Glob("/proc/self/task/*/wchan")
	require.NoError(t, err)
	n := 0
	for _, place := range places {
		function, _ := os.ReadFile(place) // The thread may be gone.
		if bytes.Contains(function, []byte("epoll")) || bytes.Contains(function, []byte("ep_poll")) {
			n++
		}
	}
	return n
}

func TestANetpollLoopKnowsItsGoroutineInCallbacksOnly(t *testing.T) {
	l := newNetpollLoop(t)
	release := l.Hold()
	l.SetImmediate(func() {
		require.Panics(t, func() { l.MustNotWait("test") })
		whenAsleep(l, func() {
			l.MustNotWait("test") // Whatever thread this is on, the loop has none.
			release()
		})
	})
	run(t, l)
}

func TestANetpollLoopBindsNoThread(t *testing.T) {
	l := newNetpollLoop(t)
	unexpected := func() { t.Error("a thread was bound") }
	defer l.BindThread(unexpected, unexpected)()
	l.SetImmediate(func() {})
	run(t, l)
}

// TestPostingToASleepingNetpollLoopAllocatesNothing: goroutine and loop wake each other in turn.
func TestPostingToASleepingNetpollLoopAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	l := newNetpollLoop(t)
	release := l.Hold()
	var ended sync.WaitGroup
	ended.Go(func() {
		if err := l.Run(); err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	done := make(chan struct{})
	tell := func() {
		done <- struct{}{}
		l.Yield()
	}
	post := func() {
		_ = l.Post(tell)
		<-done
	}
	require.Zero(t, testing.AllocsPerRun(1000, post))
	release()
	ended.Wait()
}

// TestYieldLetsOthersRunBeforeTheNextPhase uses one processor for all goroutines: a goroutine that
// the loop has woken runs as soon as the loop gives the processor up. Now and then the scheduler
// runs the loop first.
func TestYieldLetsOthersRunBeforeTheNextPhase(t *testing.T) {
	notWithNetpoll(t, "the sleep itself gives the processor up, and Yield does nothing before")
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	l := newLoopWith(t, reactor.Options{})
	const turns = 200
	told, seen := make(chan struct{}, turns), 0
	var heard atomic.Int64
	var ended sync.WaitGroup
	ended.Go(func() {
		for range told {
			heard.Add(1)
		}
	})
	turn := 0
	var tell func()
	tell = func() {
		turn++
		told <- struct{}{}
		l.Yield()
		l.NextTick(func() {
			if heard.Load() == int64(turn) {
				seen++
			}
			if turn < turns {
				l.SetImmediate(tell)
			}
		})
	}
	l.SetImmediate(tell)
	run(t, l)
	close(told)
	ended.Wait()
	require.Greater(t, seen, turns/2)
}
