package reactor_test

import (
	"context"
	"errors"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/reactor"
)

// waitAsleep returns when l sleeps in its poll, or does not run at all.
func waitAsleep(l *reactor.Loop) {
	for !l.Asleep() {
		runtime.Gosched()
	}
}

// whenAsleep calls fn on another goroutine when the next turn sleeps. fn must end the sleep.
func whenAsleep(l *reactor.Loop, fn func()) {
	l.NextTick(func() { // The loop counts as awake from here to its sleep.
		go func() {
			waitAsleep(l)
			fn()
		}()
	})
}

// TestPostsRunOnceAndInOrderPerGoroutine posts 100,000 functions from each of 8 goroutines.
//
//brood:checks S076
func TestPostsRunOnceAndInOrderPerGoroutine(t *testing.T) {
	for _, load := range []struct {
		name string
		busy func(l *reactor.Loop) (stop func())
	}{
		{"while the loop sleeps when it can", func(*reactor.Loop) func() { return func() {} }},
		{"while the loop is busy", func(l *reactor.Loop) func() {
			busy := l.SetInterval(0, func() {})
			return func() { busy.Stop() }
		}},
	} {
		t.Run(load.name, func(t *testing.T) {
			const goroutines, each = 8, 100_000
			l := newLoop(t)
			stop := load.busy(l)
			var next [goroutines]int
			for g := range goroutines {
				release := l.Hold()
				go func() { // Run waits for its end: it holds the loop.
					defer release()
					for i := range each {
						err := l.Post(func() {
							if next[g] != i {
								require.Equal(t, next[g], i, "goroutine %d", g)
							}
							if next[g]++; next[g] == each && allEqual(next[:], each) {
								stop()
							}
						})
						if err != nil {
							t.Error(err)
							return
						}
					}
				}()
			}
			run(t, l)
			require.True(t, allEqual(next[:], each), "%v", next)
		})
	}
}

func allEqual(values []int, want int) bool {
	for _, v := range values {
		if v != want {
			return false
		}
	}
	return true
}

// TestNoWakeUpIsLost posts one function at a time, each when the one before has run, so that the
// loop is about to sleep, or has just begun to, each time.
//
//brood:checks S076
func TestNoWakeUpIsLost(t *testing.T) {
	const rounds = 20_000
	for _, o := range []struct {
		name string
		reactor.Options
	}{
		{"default", reactor.Options{}},
		{"pipe", reactor.Options{PipeWakeup: true}},
		{"busy poll", reactor.Options{BusyPoll: 10 * time.Microsecond}},
	} {
		t.Run(o.name, func(t *testing.T) {
			l := newLoopWith(t, o.Options)
			release := l.Hold()
			ran := 0
			go func() { // Run waits for its end: it holds the loop.
				defer release()
				answer := make(chan struct{}, 1)
				for range rounds {
					if err := l.Post(func() {
						ran++
						answer <- struct{}{}
					}); err != nil {
						t.Error(err)
						return
					}
					<-answer
				}
			}()
			run(t, l)
			require.Equal(t, rounds, ran)
		})
	}
}

func TestPostFromACallbackAndBeforeRun(t *testing.T) {
	l := newLoop(t)
	var j journal
	require.NoError(t, l.Post(func() {
		j.Add("before-Run")
		require.NoError(t, l.Post(j.Note("from-a-callback")))
	}))
	run(t, l)
	j.Wants(t, "before-Run from-a-callback")
}

// TestPostsRacingCloseAreRefusedOrDropped: a function that Post accepted runs before Close or
// never, one that it refused never.
//
//brood:checks S076
func TestPostsRacingCloseAreRefusedOrDropped(t *testing.T) {
	const goroutines = 4
	for range 50 {
		l := newLoop(t)
		var accepted [goroutines]int
		var wg sync.WaitGroup
		ran, closed := 0, false
		for g := range goroutines {
			wg.Go(func() { // Ends when the loop is closed, which is waited for.
				for {
					err := l.Post(func() {
						require.False(t, closed)
						ran++
					})
					if err != nil {
						if !errors.Is(err, reactor.ErrClosed) {
							t.Error(err)
						}
						return
					}
					accepted[g]++
					runtime.Gosched()
				}
			})
		}
		for ran < 100 {
			run(t, l)
		}
		require.NoError(t, l.Close())
		closed = true
		wg.Wait()
		all := 0
		for _, n := range accepted {
			all += n
		}
		require.LessOrEqual(t, ran, all)
	}
}

//brood:checks S076
func TestAfterCloseTheDoorsAreShut(t *testing.T) {
	l := newLoop(t)
	require.NoError(t, l.Close())
	never := func() { t.Error("ran after Close") }
	done := make(chan struct{})
	go func() { // Waited for below.
		defer close(done)
		if err := l.Post(never); !errors.Is(err, reactor.ErrClosed) || !errors.Is(err, os.ErrClosed) {
			t.Errorf("Post: %v", err)
		}
		if err := l.Do(context.Background(), never); !errors.Is(err, reactor.ErrClosed) {
			t.Errorf("Do: %v", err)
		}
		l.Stop()
		l.Hold()()
	}()
	<-done
	require.ErrorIs(t, l.Run(), reactor.ErrClosed)
}

// doing runs fn on another goroutine and the loop on this one until fn has returned.
func doing(t *testing.T, l *reactor.Loop, fn func()) {
	t.Helper()
	release := l.Hold()
	go func() { // Run waits for its end: it holds the loop.
		defer release()
		fn()
	}()
	run(t, l)
}

func TestDoRunsOnTheLoopAndReturnsAfterwards(t *testing.T) {
	l := newLoop(t)
	n := 0 // Plain: the race detector sees whether Do orders the goroutines.
	doing(t, l, func() {
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 500 {
					mine := 0
					if err := l.Do(context.Background(), func() {
						n++
						mine = n
					}); err != nil || mine == 0 {
						t.Errorf("Do returned %v before its function had run", err)
					}
				}
			})
		}
		wg.Wait()
	})
	require.Equal(t, 8*500, n)
}

func TestDoWithAContextThatHasEndedDoesNotRun(t *testing.T) {
	l := newLoop(t)
	cause := errors.New("the cause")
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(cause)
	ran := 0
	doing(t, l, func() {
		for range 1000 {
			if err := l.Do(ctx, func() { ran++ }); !errors.Is(err, cause) {
				t.Errorf("Do: %v", err)
			}
		}
	})
	require.Zero(t, ran)
}

func TestDoWhoseContextEndsBeforeItsTurnDoesNotRun(t *testing.T) {
	l := newLoop(t)
	cause := errors.New("the cause")
	ctx, cancel := context.WithCancelCause(context.Background())
	returned := make(chan error)
	ran := false
	require.NoError(t, l.Post(func() {
		// Waited for below, while the loop is blocked.
		go func() { returned <- l.Do(ctx, func() { ran = true }) }()
		for !l.Alive() { // Until Do has posted.
			runtime.Gosched()
		}
		cancel(cause)
		require.ErrorIs(t, <-returned, cause)
	}))
	run(t, l)
	require.False(t, ran)
}

func TestDoWhoseContextEndsWhileItRunsWaitsForIt(t *testing.T) {
	l := newLoop(t)
	ctx, cancel := context.WithCancel(context.Background())
	finished := false
	doing(t, l, func() {
		err := l.Do(ctx, func() {
			cancel()
			for range 100 {
				runtime.Gosched() // Gives Do the chance to return too early.
			}
			finished = true
		})
		if err != nil || !finished {
			t.Errorf("Do returned %v while its function ran", err)
		}
	})
	require.True(t, finished)
}

func TestDoWaitingForItsTurnReturnsWhenTheLoopIsClosed(t *testing.T) {
	for _, kind := range []struct {
		name string
		ctx  context.Context
	}{
		{"without an end", context.Background()},
		{"with a context", t.Context()},
	} {
		l := newLoop(t)
		const waiters = 8
		returned := make(chan error, waiters)
		for range waiters {
			go func() { // Ends with Do, which is waited for below.
				returned <- l.Do(kind.ctx, func() { t.Error("ran on a closed loop") })
			}()
		}
		for !l.Alive() {
			runtime.Gosched()
		}
		require.NoError(t, l.Close())
		for range waiters {
			require.ErrorIs(t, <-returned, reactor.ErrClosed, kind.name)
		}
	}
}

func TestDoRacingCloseRunsOrIsRefused(t *testing.T) {
	for range 500 {
		l := newLoop(t)
		ran := false
		returned := make(chan error, 1)
		// Waited for below.
		go func() { returned <- l.Do(context.Background(), func() { ran = true }) }()
		run(t, l)
		require.NoError(t, l.Close())
		if err := <-returned; err != nil {
			require.ErrorIs(t, err, reactor.ErrClosed)
			require.False(t, ran)
		} else {
			require.True(t, ran)
		}
	}
}

// The post before it panics, which unwinds out of Run.
func TestDoWhoseFunctionAPanicLeftUnrunReturnsAtClose(t *testing.T) {
	l := newLoop(t)
	require.NoError(t, l.Post(func() { panic("before") }))
	release := l.Hold()
	returned := make(chan error, 1)
	go func() { // Waited for below.
		returned <- l.Do(context.Background(), func() { t.Error("ran on a closed loop") })
	}()
	for l.QueuedPosts() < 2 {
		runtime.Gosched()
	}
	require.PanicsWithValue(t, "before", func() { _ = l.Run() })
	require.NoError(t, l.Close())
	require.ErrorIs(t, <-returned, reactor.ErrClosed)
	release()
}

func TestDoReturnsThePanicOfItsFunction(t *testing.T) {
	cause := errors.New("the cause")
	panicked := func(t *testing.T, err error) {
		t.Helper()
		p, ok := errors.AsType[*reactor.PanicError](err)
		require.True(t, ok, "%T", err)
		require.Equal(t, cause, p.Value)
		require.ErrorIs(t, err, cause)
		require.EqualError(t, err, "reactor: Do: panic: the cause")
	}
	t.Run("and the panic is swallowed", func(t *testing.T) {
		var stack string
		l := newLoopWith(t, reactor.Options{OnPanic: func(v any, s []byte) {
			require.Equal(t, cause, v)
			stack += string(s)
		}})
		errs := make(chan error, 1)
		doing(t, l, func() { errs <- l.Do(context.Background(), func() { panicWith(cause) }) })
		panicked(t, <-errs)
		require.Contains(t, stack, "panicWith", "the stack is that of the function")
	})
	t.Run("and the panic unwinds out of Run", func(t *testing.T) {
		l := newLoop(t)
		release := l.Hold()
		errs := make(chan error, 1)
		go func() { // The second Run waits for its end: it holds the loop.
			defer release()
			errs <- l.Do(context.Background(), func() { panicWith(cause) })
		}()
		require.PanicsWithValue(t, cause, func() { _ = l.Run() })
		run(t, l)
		panicked(t, <-errs)
	})
	t.Run("also when its context has ended meanwhile", func(t *testing.T) {
		l := newLoopWith(t, reactor.Options{OnPanic: func(any, []byte) {}})
		ctx, cancel := context.WithCancel(context.Background())
		errs := make(chan error, 1)
		doing(t, l, func() {
			errs <- l.Do(ctx, func() {
				cancel()
				panicWith(cause)
			})
		})
		panicked(t, <-errs)
	})
	t.Run("or has ended the goroutine", func(t *testing.T) {
		l := newLoop(t)
		errs := make(chan error, 1)
		go func() { errs <- l.Do(context.Background(), runtime.Goexit) }() // Waited for below.
		ended := make(chan struct{})
		release := l.Hold()
		go func() { // Ends with Run, in the middle of which it ends.
			defer close(ended)
			_ = l.Run()
		}()
		err := <-errs
		<-ended
		release()
		p, ok := errors.AsType[*reactor.PanicError](err)
		require.True(t, ok, "%T", err)
		require.Nil(t, p.Value)
		require.NoError(t, p.Unwrap())
		require.EqualError(t, err, "reactor: Do: the function has ended the loop goroutine")
		run(t, l)
	})
}

func panicWith(v any) { panic(v) }

func TestHoldKeepsRunAliveUntilTheLastRelease(t *testing.T) {
	l := newLoop(t)
	const n = 8
	var mu sync.Mutex
	released := 0
	for range n {
		release := l.Hold()
		go func() { // Run waits for its end: it holds the loop.
			inner := l.Hold()
			release()
			release() // Harmless, and does not count for inner.
			waitAsleep(l)
			mu.Lock()
			released++
			mu.Unlock()
			inner()
		}()
	}
	run(t, l)
	mu.Lock()
	defer mu.Unlock()
	require.Equal(t, n, released)
}

func TestHoldReleasedInACallbackEndsRun(t *testing.T) {
	l := newLoop(t)
	for _, kind := range callbackKinds {
		release := l.Hold()
		kind.queue(t, l, release)
		run(t, l)
		require.False(t, l.Alive(), kind.name)
	}
}

// TestHoldReleasedOnTheWayToSleepEndsRun releases at one reading of the loop's clock after another.
// Some are between the decision to sleep and the sleep, where a wake-up could be lost.
func TestHoldReleasedOnTheWayToSleepEndsRun(t *testing.T) {
	for k := 1; k <= 4; k++ {
		l := newLoop(t)
		release := l.Hold()
		whenAsleep(l, release) // For a k that comes only after the sleep.
		readings := 0
		l.SetClock(func() time.Time {
			if readings++; readings == k+1 { // SetClock reads it once.
				release()
			}
			return time.Now()
		})
		run(t, l)
		require.False(t, l.Alive(), "reading %d", k)
	}
}
