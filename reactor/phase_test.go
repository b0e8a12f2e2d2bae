package reactor_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/fdtest"
	"github.com/brood-go/brood/reactor"
)

//brood:checks S074
func TestATurnRunsItsPhasesInOrderAndTicksAfterEveryCallback(t *testing.T) {
	l := newLoop(t)
	var j journal
	phase := func(name string) func() {
		return func() {
			j.Add(name)
			l.NextTick(j.Note("tick-after-" + name))
		}
	}
	// Queued in the reverse of the order in which they must run.
	l.QueueClosing(phase("closing"))
	l.SetImmediate(phase("immediate"))
	var w *reactor.Watcher
	w = watch(t, l, readyPipe(t).FD, reactor.Readable, func(reactor.Readiness) {
		phase("poll")()
		w.Close()
	})
	require.NoError(t, l.Post(phase("posted")))
	l.SetTimeout(0, phase("timer"))
	l.NextTick(phase("tick"))

	require.False(t, poll(t, l), "everything ran in one turn")
	j.Wants(t, "tick tick-after-tick timer tick-after-timer posted tick-after-posted poll tick-after-poll "+
		"immediate tick-after-immediate closing tick-after-closing")
}

//brood:checks S074
func TestTwoCallbacksOfOnePhaseHaveTheTicksOfTheFirstBetweenThem(t *testing.T) {
	l := newLoop(t)
	var j journal
	for i := range 2 {
		n := strconv.Itoa(i)
		with := func(name string) func() {
			return func() {
				j.Add(name + n)
				l.NextTick(j.Note("tick"))
			}
		}
		l.SetTimeout(0, with("timer"))
		require.NoError(t, l.Post(with("posted")))
		l.SetImmediate(with("immediate"))
		l.QueueClosing(with("closing"))
	}
	run(t, l)
	j.Wants(t, "timer0 tick timer1 tick posted0 tick posted1 tick immediate0 tick immediate1 tick closing1 tick closing0 tick")
}

//brood:checks S074
func TestFromAnIOCallbackTheOrderIsTickImmediateTimeoutZero(t *testing.T) {
	l := newLoop(t)
	var j journal
	left := 500
	var w *reactor.Watcher
	w = watch(t, l, readyPipe(t).FD, reactor.Readable, func(reactor.Readiness) {
		j.Add("io")
		l.SetTimeout(0, func() {
			j.Add("timeout")
			require.NoError(t, w.Set(reactor.Readable))
		})
		l.SetImmediate(j.Note("immediate"))
		l.NextTick(j.Note("tick"))
		require.NoError(t, w.Set(0)) // Until the time-out has fired.
		if left--; left == 0 {
			w.Close()
			w = watch(t, l, readyPipe(t).FD, 0, func(reactor.Readiness) { w.Close() })
		}
	})
	run(t, l)
	require.Len(t, j.Entries, 4*500)
	for i := 0; i < len(j.Entries); i += 4 {
		require.Equal(t, []string{"io", "tick", "immediate", "timeout"}, j.Entries[i:i+4], "round %d", i/4)
	}
}

//brood:checks S074
func TestFromAnyOtherPhaseTicksComeFirstToo(t *testing.T) {
	l := newLoop(t)
	for _, phase := range []struct {
		name  string
		queue func(fn func())
	}{
		{"timer", func(fn func()) { l.SetTimeout(0, fn) }},
		{"posted", func(fn func()) { require.NoError(t, l.Post(fn)) }},
		{"immediate", func(fn func()) { l.SetImmediate(fn) }},
		{"closing", func(fn func()) { l.QueueClosing(fn) }},
		{"tick", l.NextTick},
	} {
		t.Run(phase.name, func(t *testing.T) {
			var j journal
			phase.queue(func() {
				l.QueueClosing(j.Note("queued"))
				l.SetImmediate(j.Note("queued"))
				l.SetTimeout(0, j.Note("queued"))
				require.NoError(t, l.Post(j.Note("queued")))
				l.NextTick(j.Note("tick"))
				j.Add("callback")
			})
			run(t, l)
			j.Wants(t, "callback tick queued queued queued queued")
		})
	}
}

func TestNothingRunsInsideTheCallThatQueuesIt(t *testing.T) {
	l := newLoop(t)
	var j journal
	queueAll := func() {
		l.NextTick(j.Note("fn"))
		l.SetImmediate(j.Note("fn"))
		l.SetTimeout(-1, j.Note("fn"))
		l.QueueClosing(j.Note("fn"))
		require.NoError(t, l.Post(j.Note("fn")))
	}
	queueAll()
	require.Empty(t, j.Entries, "outside of Run")
	run(t, l)
	require.Len(t, j.Entries, 5)
	l.SetImmediate(func() {
		queueAll()
		require.Len(t, j.Entries, 5, "inside a callback")
	})
	run(t, l)
	require.Len(t, j.Entries, 10)
}

func TestTicksRunInOrderAndThoseTheyQueueRunBeforeAnyOtherCallback(t *testing.T) {
	l := newLoop(t)
	var j journal
	l.SetImmediate(func() {
		l.SetImmediate(j.Note("immediate"))
		l.SetTimeout(0, j.Note("timer"))
		l.NextTick(func() {
			j.Add("1")
			l.NextTick(func() {
				j.Add("3")
				l.NextTick(j.Note("4"))
			})
		})
		l.NextTick(j.Note("2"))
	})
	l.QueueClosing(j.Note("closing"))
	run(t, l)
	j.Wants(t, "1 2 3 4 closing timer immediate")
}

func TestTicksKeepTheirOrderWhileTheirQueueGrows(t *testing.T) {
	l := newLoop(t)
	var got, want []int
	next := 0
	queue := func() {
		n := next
		next++
		want = append(want, n)
		l.NextTick(func() { got = append(got, n) })
	}
	// The queue's head is in the middle of its memory each time it has to grow.
	for round := range 12 {
		for range 1 << round {
			l.NextTick(func() {
				queue()
				queue()
			})
		}
		poll(t, l)
	}
	require.Equal(t, want, got)
}

func TestImmediatesSetByImmediatesWaitATurn(t *testing.T) {
	l := newLoop(t)
	var j journal
	l.SetImmediate(func() {
		j.Add("first")
		l.SetImmediate(func() {
			j.Add("third")
			require.EqualValues(t, 2, l.Stats().Turns)
		})
	})
	l.SetImmediate(func() {
		j.Add("second")
		require.EqualValues(t, 1, l.Stats().Turns)
		l.SetTimeout(0, j.Note("timer-between"))
	})
	l.QueueClosing(j.Note("closing-between"))
	run(t, l)
	j.Wants(t, "first second closing-between timer-between third")
}

func TestTimeoutsSetByTimersWaitATurn(t *testing.T) {
	l := newLoop(t)
	var j journal
	l.SetTimeout(0, func() {
		j.Add("timer")
		l.SetTimeout(-time.Hour, j.Note("its-timer"))
	})
	l.SetImmediate(j.Note("between"))
	run(t, l)
	j.Wants(t, "timer between its-timer")
}

func TestPostsByPostsWaitATurn(t *testing.T) {
	l := newLoop(t)
	var j journal
	require.NoError(t, l.Post(func() {
		j.Add("posted")
		require.NoError(t, l.Post(j.Note("its-post")))
	}))
	l.SetImmediate(j.Note("between"))
	run(t, l)
	j.Wants(t, "posted between its-post")
}

//brood:checks S078
func TestClosingCallbacksComeLastAndThoseTheyQueueWaitATurn(t *testing.T) {
	l := newLoop(t)
	var j journal
	l.QueueClosing(func() {
		j.Add("closing")
		l.QueueClosing(j.Note("its-closing"))
	})
	l.SetImmediate(func() {
		j.Add("immediate")
		l.QueueClosing(j.Note("closing-of-the-same-turn"))
		l.SetImmediate(j.Note("next-turn"))
	})
	run(t, l)
	j.Wants(t, "immediate closing-of-the-same-turn closing next-turn its-closing")
}

func TestWatchersMarkedLateComeAfterAllOthersOfTheirPoll(t *testing.T) {
	l := newLoop(t)
	var j journal
	file := fdtest.Open(t, "/dev/null")
	late := map[string]bool{"c": true, "d": true, "late-file": true}
	for _, name := range []string{"late-file", "c", "a", "d", "b", "file"} {
		fd := file.FD
		if len(name) == 1 {
			fd = readyPipe(t).FD
		}
		var w *reactor.Watcher
		w = watch(t, l, fd, reactor.Readable, func(reactor.Readiness) {
			j.Add(name)
			w.Close()
		})
		if late[name] {
			w.Late()
		}
	}
	require.False(t, poll(t, l))
	require.ElementsMatch(t, []string{"a", "b", "file"}, j.Entries[:3])
	require.ElementsMatch(t, []string{"c", "d", "late-file"}, j.Entries[3:])
}

func TestALateWatcherThatAnEarlierCallbackOfItsPollClosedStaysSilent(t *testing.T) {
	l := newLoop(t)
	var j journal
	var closed, idle, other *reactor.Watcher
	closed = watch(t, l, readyPipe(t).FD, reactor.Readable, func(reactor.Readiness) { j.Add("closed") })
	closed.Late()
	idle = watch(t, l, readyPipe(t).FD, reactor.Readable, func(reactor.Readiness) { j.Add("idle") })
	idle.Late()
	other = watch(t, l, readyPipe(t).FD, reactor.Readable, func(reactor.Readiness) {
		j.Add("other")
		closed.Close()
		require.NoError(t, idle.Set(0))
		other.Close()
	})
	run(t, l)
	j.Wants(t, "other")
}
