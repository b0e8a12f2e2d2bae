package reactor_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/fdtest"
	"github.com/brood-go/brood/reactor"
)

// TestNoSourceStarvesTheOthers keeps one source going until every other one has run.
//
//brood:checks S074
func TestNoSourceStarvesTheOthers(t *testing.T) {
	for _, hog := range []struct {
		name  string
		start func(t *testing.T, l *reactor.Loop, goOn func() bool)
	}{
		{"ticks that queue themselves", func(_ *testing.T, l *reactor.Loop, goOn func() bool) {
			again(goOn, l.NextTick)
		}},
		{"posts that post themselves", func(t *testing.T, l *reactor.Loop, goOn func() bool) {
			for range 2 * reactor.PostBudget {
				again(goOn, func(fn func()) { require.NoError(t, l.Post(fn)) })
			}
		}},
		{"timers of 0 that set themselves", func(_ *testing.T, l *reactor.Loop, goOn func() bool) {
			for range 2 * reactor.TimerBudget {
				again(goOn, func(fn func()) { l.SetTimeout(0, fn) })
			}
		}},
		{"an interval of 0", func(_ *testing.T, l *reactor.Loop, goOn func() bool) {
			var i *reactor.Timer
			i = l.SetInterval(0, func() {
				if !goOn() {
					i.Stop()
				}
			})
		}},
		{"immediates that set themselves", func(_ *testing.T, l *reactor.Loop, goOn func() bool) {
			again(goOn, func(fn func()) { l.SetImmediate(fn) })
		}},
		{"closing callbacks that queue themselves", func(_ *testing.T, l *reactor.Loop, goOn func() bool) {
			again(goOn, l.QueueClosing)
		}},
		{"a descriptor that is always ready", func(t *testing.T, l *reactor.Loop, goOn func() bool) {
			untilDone(t, l, fdtest.Open(t, "/dev/null").FD, goOn)
		}},
		{"a busy pipe", func(t *testing.T, l *reactor.Loop, goOn func() bool) {
			untilDone(t, l, readyPipe(t).FD, goOn)
		}},
		{"more busy pipes than one poll returns", func(t *testing.T, l *reactor.Loop, goOn func() bool) {
			notWithNetpoll(t, oneFileTooOften)
			r := readyPipe(t)
			for range reactor.MaxEvents + 10 {
				untilDone(t, l, r.Dup().FD, goOn)
			}
		}},
	} {
		t.Run(hog.name, func(t *testing.T) {
			l := newLoop(t)
			missing := map[string]bool{}
			victim := func(name string) func() {
				missing[name] = true
				return func() { delete(missing, name) }
			}
			hog.start(t, l, func() bool { return len(missing) > 0 })

			l.SetTimeout(0, victim("timer"))
			l.SetTimeout(time.Millisecond, victim("later timer"))
			l.SetImmediate(victim("immediate"))
			l.QueueClosing(victim("closing"))
			require.NoError(t, l.Post(victim("post")))
			piped := victim("pipe")
			var w *reactor.Watcher
			w = watch(t, l, readyPipe(t).FD, reactor.Readable, func(reactor.Readiness) {
				piped()
				w.Close()
			})
			outside := victim("post from another goroutine")
			go func() { _ = l.Post(outside) }() // Ends at once; Run waits for what it posts.
			run(t, l)
			require.Empty(t, missing)
		})
	}
}

// again queues a function that queues itself until goOn returns false.
func again(goOn func() bool, queue func(func())) {
	var fn func()
	fn = func() {
		if goOn() {
			queue(fn)
		}
	}
	queue(fn)
}

// untilDone watches fd, which stays ready, until goOn returns false.
func untilDone(t *testing.T, l *reactor.Loop, fd int, goOn func() bool) {
	var w *reactor.Watcher
	w = watch(t, l, fd, reactor.Readable, func(reactor.Readiness) {
		if !goOn() {
			w.Close()
		}
	})
}

// atEachPoll runs fn once a turn, in the poll phase, until it returns false.
func atEachPoll(t *testing.T, l *reactor.Loop, fn func() bool) {
	untilDone(t, l, readyPipe(t).FD, fn)
}

func TestATurnRunsNoMoreThanItsBudgetOfPosts(t *testing.T) {
	l := newLoop(t)
	ran := 0
	for range 2*reactor.PostBudget + 1 {
		require.NoError(t, l.Post(func() { ran++ }))
	}
	var atPoll []int
	atEachPoll(t, l, func() bool {
		atPoll = append(atPoll, ran)
		return len(atPoll) < 4
	})
	run(t, l)
	const all = 2*reactor.PostBudget + 1
	require.Equal(t, []int{reactor.PostBudget, 2 * reactor.PostBudget, all, all}, atPoll)
}

func TestATurnFiresNoMoreThanItsBudgetOfTimers(t *testing.T) {
	l := newLoop(t)
	var fired []int
	for i := range 2*reactor.TimerBudget + 1 {
		l.SetTimeout(0, func() { fired = append(fired, i) })
	}
	var atPoll []int
	atEachPoll(t, l, func() bool {
		atPoll = append(atPoll, len(fired))
		return len(atPoll) < 4
	})
	run(t, l)
	const all = 2*reactor.TimerBudget + 1
	require.Equal(t, []int{reactor.TimerBudget, 2 * reactor.TimerBudget, all, all}, atPoll)
	require.IsIncreasing(t, fired, "equal deadlines, in the order of creation across turns")
}

// The entries of postponed timers reach the top at their first deadlines, many at once after a
// burst.
func TestATurnLooksAtNoMoreThanItsBudgetOfPostponedTimers(t *testing.T) {
	l := newLoop(t)
	clock := stopClock(l)
	fired := false
	var putOff []*reactor.Timer
	for range 5 * reactor.TimerBudget {
		putOff = append(putOff, l.SetTimeout(time.Millisecond, func() { t.Error("it was put off") }))
	}
	l.SetTimeout(2*time.Millisecond, func() { fired = true })
	for _, timer := range putOff {
		timer.Reset(time.Hour)
	}
	clock.advance(time.Minute)
	turns := 0
	for !fired {
		poll(t, l)
		turns++
	}
	require.GreaterOrEqual(t, turns, 5, "polls that do not sleep look at a budget of them each")
	require.LessOrEqual(t, turns, 6)
	for _, timer := range putOff {
		require.True(t, timer.Stop())
	}
}

func TestACallbackIsFollowedByNoMoreThanTheBudgetOfTicks(t *testing.T) {
	l := newLoop(t)
	ticks, done := 0, false
	again(func() bool { return !done }, func(fn func()) {
		l.NextTick(func() {
			ticks++
			fn()
		})
	})
	var atPoll []int
	atEachPoll(t, l, func() bool {
		atPoll = append(atPoll, ticks)
		done = len(atPoll) == 3
		return !done
	})
	run(t, l)
	// One at the start of a turn and one after the callback of each poll.
	const b = reactor.TickBudget
	require.Equal(t, []int{b, 3 * b, 5 * b}, atPoll)
}

func TestEveryDescriptorGetsItsTurnWhenMoreAreReadyThanOnePollReturns(t *testing.T) {
	notWithNetpoll(t, oneFileTooOften)
	l := newLoop(t)
	r := readyPipe(t)
	const n = 2*reactor.MaxEvents + reactor.MaxEvents/2
	served := make([]int, n)
	watchers := make([]*reactor.Watcher, n)
	for i := range n {
		watchers[i] = watch(t, l, r.Dup().FD, reactor.Readable, func(reactor.Readiness) { served[i]++ })
	}
	for turn := range 3 * 4 {
		require.True(t, poll(t, l), "turn %d", turn)
		if turn == 2 {
			require.NotContains(t, served, 0, "three polls have room for all")
		}
	}
	for i, w := range watchers {
		require.GreaterOrEqual(t, served[i], 4, "watcher %d", i)
		w.Close()
	}
}
