package reactor_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/fdtest"
	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/reactor"
)

// embedded is a loop whose FD another poller watches.
func embedded(t *testing.T) *reactor.Loop {
	t.Helper()
	l := newLoop(t)
	require.GreaterOrEqual(t, l.FD(), 0)
	require.Equal(t, l.FD(), l.FD())
	settled(t, l)
	return l
}

// settled requires that FD is quiet, at the latest after one Poll: a wake-up may outlive its cause,
// but only once.
func settled(t *testing.T, l *reactor.Loop) {
	t.Helper()
	if fdtest.Readable(t, l.FD(), 0) {
		poll(t, l)
	}
	require.False(t, fdtest.Readable(t, l.FD(), 0), "FD is readable though nothing is to be done")
}

// embeddedWork is every kind of work for a Poll. queue is called outside of Poll and makes a Poll
// run fn.
var embeddedWork = append(callbackKinds[:len(callbackKinds):len(callbackKinds)], []struct {
	name  string
	queue func(t *testing.T, l *reactor.Loop, fn func())
}{
	{"timer that is due later", func(_ *testing.T, l *reactor.Loop, fn func()) { l.SetTimeout(2*time.Millisecond, fn) }},
	{"timer reset to earlier", func(_ *testing.T, l *reactor.Loop, fn func()) {
		l.SetTimeout(time.Hour, fn).Reset(time.Millisecond)
	}},
	{"unref'd timer", func(_ *testing.T, l *reactor.Loop, fn func()) { l.SetTimeout(time.Millisecond, fn).Unref() }},
	{"unref'd immediate", func(_ *testing.T, l *reactor.Loop, fn func()) { l.SetImmediate(fn).Unref() }},
	{"post from another goroutine", func(t *testing.T, l *reactor.Loop, fn func()) {
		go func() { // Ends at once; what it posts is waited for.
			if err := l.Post(fn); err != nil {
				t.Error(err)
			}
		}()
	}},
	{"pipe that becomes ready", func(t *testing.T, l *reactor.Loop, fn func()) {
		r, w := pipe(t)
		watchOnce(t, l, r, fn)
		go w.Writer("x")() // Ends at once; what it writes is waited for.
	}},
	{"watcher that is set", func(t *testing.T, l *reactor.Loop, fn func()) {
		var w *reactor.Watcher
		w = watch(t, l, readyPipe(t).FD, 0, func(reactor.Readiness) {
			w.Close()
			fn()
		})
		require.NoError(t, w.Set(reactor.Readable))
	}},
	{"unref'd watcher", func(t *testing.T, l *reactor.Loop, fn func()) {
		var w *reactor.Watcher
		w = watch(t, l, readyPipe(t).FD, reactor.Readable, func(reactor.Readiness) {
			w.Close()
			fn()
		})
		w.Unref()
	}},
}...)

// TestFDIsReadableExactlyWhenPollHasWork queues one thing at a time outside of Poll.
//
//brood:checks S077
func TestFDIsReadableExactlyWhenPollHasWork(t *testing.T) {
	for _, work := range embeddedWork {
		t.Run(work.name, func(t *testing.T) {
			l := embedded(t)
			for round := range 3 {
				ran := 0
				work.queue(t, l, func() { ran++ })
				wakes := 0
				for ; ran == 0; wakes++ {
					fdtest.Readable(t, l.FD(), -1)
					poll(t, l)
				}
				require.Equal(t, 1, ran, "round %d", round)
				require.LessOrEqual(t, wakes, 2, "round %d: one for the work and at most one that was early", round)
				settled(t, l)
			}
		})
	}
}

// TestWorkQueuedByWorkKeepsFDReadable queues one thing from the callback of another, all inside
// Poll.
//
//brood:checks S077
func TestWorkQueuedByWorkKeepsFDReadable(t *testing.T) {
	for _, first := range embeddedWork {
		for _, second := range embeddedWork {
			t.Run(first.name+", then "+second.name, func(t *testing.T) {
				l := embedded(t)
				done := false
				first.queue(t, l, func() { second.queue(t, l, func() { done = true }) })
				for !done {
					fdtest.Readable(t, l.FD(), -1)
					poll(t, l)
				}
				settled(t, l)
			})
		}
	}
}

//brood:checks S077
func TestFDStaysQuietWhileNothingIsDue(t *testing.T) {
	l := embedded(t)
	r, w := pipe(t)
	watcher := watch(t, l, r.FD, reactor.Readable, func(reactor.Readiness) { r.ReadString() })
	timer := l.SetTimeout(time.Hour, func() {})
	hold := l.Hold()
	settled(t, l)
	w.WriteString("x")
	require.True(t, fdtest.Readable(t, l.FD(), 0))
	poll(t, l)
	require.False(t, fdtest.Readable(t, l.FD(), 0), "what was ready has been read")
	timer.Reset(2 * time.Hour)
	settled(t, l)
	timer.Stop()
	watcher.Close()
	settled(t, l)
	hold()
	settled(t, l)
}

// The alarm is still set for the timer's first deadline.
func TestAPostponedTimerCostsOneEarlyPoll(t *testing.T) {
	l := embedded(t)
	for range 3 {
		fired := false
		timer := l.SetTimeout(2*time.Millisecond, func() { fired = true })
		poll(t, l)
		for range 5 {
			timer.Reset(20 * time.Millisecond)
			poll(t, l)
		}
		wakes := 0
		for ; !fired; wakes++ {
			fdtest.Readable(t, l.FD(), -1)
			poll(t, l)
		}
		require.LessOrEqual(t, wakes, 2)
		settled(t, l)
	}
}

func TestFDStaysQuietForHugeTimers(t *testing.T) {
	for _, huge := range []time.Duration{math.MaxInt64, 100 * 365 * 24 * time.Hour, (1<<31 + 1) * time.Second} {
		l := embedded(t)
		timer := l.SetTimeout(huge, func() { t.Errorf("a timer of %v fired", huge) })
		settled(t, l)
		require.True(t, poll(t, l))
		settled(t, l)
		timer.Stop()
	}
}

func TestFDIsReadableWhenATimerIsReffedAgain(t *testing.T) {
	l := embedded(t)
	fired := false
	timer := l.SetTimeout(5*time.Millisecond, func() { fired = true })
	timer.Unref()
	poll(t, l)
	timer.Ref()
	for !fired {
		fdtest.Readable(t, l.FD(), -1)
		poll(t, l)
	}
	settled(t, l)
}

func TestFDIsReadableForWorkThatWasThereBeforeItsFirstCall(t *testing.T) {
	for _, work := range embeddedWork {
		l := newLoop(t)
		done := false
		work.queue(t, l, func() { done = true })
		for !done {
			fdtest.Readable(t, l.FD(), -1)
			poll(t, l)
		}
		settled(t, l)
	}
}

func TestFDIsReadableAfterStopAndAfterTheLastRelease(t *testing.T) {
	l := embedded(t)
	hold := l.Hold()
	require.True(t, poll(t, l))
	settled(t, l)
	l.Stop()
	require.True(t, fdtest.Readable(t, l.FD(), 0), "Stop")
	require.True(t, poll(t, l))
	settled(t, l)
	hold()
	require.True(t, fdtest.Readable(t, l.FD(), 0), "the loop may have ended")
	require.False(t, poll(t, l))
	settled(t, l)
}

// TestAReleaseThatMeetsTheEndOfAPollIsNotLost releases a hold during Poll: either Poll returns that
// the loop is not alive, or FD becomes readable.
func TestAReleaseThatMeetsTheEndOfAPollIsNotLost(t *testing.T) {
	l := embedded(t)
	for range 5000 {
		release := l.Hold()
		start := make(chan struct{})
		go func() { // Ends at once; its release is waited for.
			<-start
			release()
		}()
		close(start)
		for poll(t, l) {
			require.True(t, fdtest.Readable(t, l.FD(), int(looptest.HangLimit().Milliseconds())), "the loop was alive and never told otherwise")
		}
	}
}

func TestFDIsReadableAgainAfterRunWasStopped(t *testing.T) {
	l := embedded(t)
	var j journal
	l.SetImmediate(func() {
		l.Stop()
		l.SetTimeout(0, j.Note("timer"))
		l.SetImmediate(j.Note("immediate"))
	})
	run(t, l)
	require.True(t, fdtest.Readable(t, l.FD(), 0))
	for fdtest.Readable(t, l.FD(), 0) {
		poll(t, l)
	}
	require.Len(t, j.Entries, 2)
	settled(t, l)
}

//brood:checks S077
func TestALoopInsideALoop(t *testing.T) {
	outer, inner := newLoop(t), newLoop(t)
	polls := 0
	var w *reactor.Watcher
	w = watch(t, outer, inner.FD(), reactor.Readable, func(reactor.Readiness) {
		polls++
		alive, err := inner.Poll(0)
		require.NoError(t, err)
		if !alive {
			w.Close()
		}
	})
	var j journal
	inner.SetTimeout(3*time.Millisecond, func() {
		j.Add("timer")
		inner.SetImmediate(func() {
			j.Add("immediate")
			r, w := pipe(t)
			watchOnce(t, inner, r, j.Note("pipe"))
			outer.SetTimeout(time.Millisecond, func() { w.WriteString("x") })
		})
	})
	run(t, outer)
	j.Wants(t, "timer immediate pipe")
	require.LessOrEqual(t, polls, 8, "the outer loop was woken only for work")
}

func TestFDIsMinusOneWhenClosed(t *testing.T) {
	l := newLoop(t)
	require.GreaterOrEqual(t, l.FD(), 0)
	require.NoError(t, l.Close())
	require.Equal(t, -1, l.FD())
	l = newLoop(t)
	require.NoError(t, l.Close())
	require.Equal(t, -1, l.FD())
}
