package reactor_test

import (
	"context"
	"iter"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/reactor"
)

// needThreads skips a test where the loop cannot know its thread.
func needThreads(t *testing.T) {
	t.Helper()
	if !reactor.ThreadsAreKnown() {
		t.Skip("this system does not tell threads apart")
	}
}

const wouldWait = "test: waiting on the loop goroutine: it would wait for itself"

// deep calls fn under n more frames.
func deep(n int, fn func()) {
	if n == 0 {
		fn()
		return
	}
	deep(n-1, fn)
}

func TestMustNotWaitPanicsInEveryKindOfCallback(t *testing.T) {
	needThreads(t)
	for _, kind := range callbackKinds {
		t.Run(kind.name, func(t *testing.T) {
			l, other := newLoop(t), newLoop(t)
			calls := 0
			callback := func() {
				calls++
				refused := func() {
					require.PanicsWithValue(t, wouldWait, func() { l.MustNotWait("test: waiting") })
				}
				refused()
				deep(500, refused)
				for range pulled(t, refused) { // A goroutine of its own, in a way.
				}
				other.MustNotWait("test: waiting for another loop")
				beside := make(chan struct{})
				go func() { // Ends at once; waited for.
					defer close(beside)
					l.MustNotWait("test: waiting elsewhere")
				}()
				<-beside
			}
			l.MustNotWait("test: waiting before")
			kind.queue(t, l, callback)
			run(t, l)
			kind.queue(t, l, callback)
			for calls < 2 {
				poll(t, l)
			}
			l.MustNotWait("test: waiting afterwards")
		})
	}
}

// pulled runs fn inside a sequence that iter.Pull runs.
func pulled(t *testing.T, fn func()) iter.Seq[int] {
	t.Helper()
	return func(yield func(int) bool) {
		next, stop := iter.Pull(func(yield func(int) bool) {
			fn()
			yield(1)
		})
		defer stop()
		if v, ok := next(); ok {
			yield(v)
		}
	}
}

// TestMustNotWaitKnowsTheLoopsAroundALoop: both loops occupy the thread until the inner one has
// returned.
func TestMustNotWaitKnowsTheLoopsAroundALoop(t *testing.T) {
	needThreads(t)
	outer, inner := newLoop(t), newLoop(t)
	refused := func(l *reactor.Loop) {
		require.PanicsWithValue(t, wouldWait, func() { l.MustNotWait("test: waiting") })
	}
	calls := 0
	outer.SetImmediate(func() {
		inner.MustNotWait("test: waiting")
		for _, turn := range []func(){func() { run(t, inner) }, func() { poll(t, inner) }} {
			inner.SetImmediate(func() {
				calls++
				refused(inner)
				refused(outer)
			})
			turn()
			inner.MustNotWait("test: waiting")
			refused(outer)
		}
	})
	run(t, outer)
	require.Equal(t, 2, calls)
}

func TestMustNotWaitForgetsTheThreadOfARunThatAPanicLeft(t *testing.T) {
	l := newLoop(t)
	for _, turn := range []func(){func() { _ = l.Run() }, func() { _, _ = l.Poll(0) }} {
		l.SetImmediate(func() { panic("unwinds") })
		require.PanicsWithValue(t, "unwinds", turn)
		l.MustNotWait("test: waiting")
	}
}

func TestDoInACallbackPanicsAndTheLoopGoesOn(t *testing.T) {
	needThreads(t)
	l := newLoop(t)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, kind := range callbackKinds {
		ran := false
		kind.queue(t, l, func() {
			ran = true
			for _, ctx := range []context.Context{t.Context(), ended} {
				require.PanicsWithValue(t, "reactor: Do on the loop goroutine: it would wait for itself", func() {
					_ = l.Do(ctx, func() { t.Error("called") })
				})
			}
		})
		run(t, l)
		require.True(t, ran)
		require.False(t, l.Alive())
	}
}
