package reactor_test

import (
	"bytes"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/fdtest"
	"github.com/brood-go/brood/reactor"
)

// TestAPanicUnwindsOutOfRunAndTheRestOfItsBatchRunsWithTheNextRun queues several callbacks of one
// kind, some of which panic.
func TestAPanicUnwindsOutOfRunAndTheRestOfItsBatchRunsWithTheNextRun(t *testing.T) {
	for _, kind := range callbackKinds {
		t.Run(kind.name, func(t *testing.T) {
			l := newLoop(t)
			var got []int
			for i := range 7 {
				kind.queue(t, l, func() {
					got = append(got, i)
					if i%3 == 0 {
						panic(i)
					}
				})
			}
			for range 3 {
				require.Panics(t, func() { _ = l.Run() })
			}
			run(t, l)
			require.ElementsMatch(t, []int{0, 1, 2, 3, 4, 5, 6}, got, "each once")
			switch kind.name {
			case "watcher": // The order in which the kernel reports them is its own.
			case "closing":
				require.IsDecreasing(t, got)
			default:
				require.IsIncreasing(t, got)
			}
			require.False(t, l.Alive())
		})
	}
}

func TestAPanicUnwindsOutOfPollAndLeavesTheLoopUsable(t *testing.T) {
	for _, kind := range callbackKinds {
		t.Run(kind.name, func(t *testing.T) {
			l := newLoop(t)
			ran := false
			panics := func() { kind.queue(t, l, func() { panic("out of Poll") }) }
			runs := func() { kind.queue(t, l, func() { ran = true }) }
			if kind.name == "closing" {
				runs, panics = panics, runs // The last one is the first to run.
			}
			panics()
			runs()
			require.PanicsWithValue(t, "out of Poll", func() { _, _ = l.Poll(0) })
			require.True(t, l.Alive())
			require.False(t, poll(t, l))
			require.True(t, ran)
		})
	}
}

func TestCallbacksQueuedByAPanickingOneRun(t *testing.T) {
	l := newLoop(t)
	var j journal
	l.SetImmediate(func() {
		l.NextTick(j.Note("tick"))
		l.SetTimeout(0, j.Note("timer"))
		l.SetImmediate(j.Note("its-immediate"))
		l.QueueClosing(j.Note("closing"))
		panic("after queueing")
	})
	l.SetImmediate(j.Note("immediate"))
	require.PanicsWithValue(t, "after queueing", func() { _ = l.Run() })
	require.Empty(t, j.Entries)
	run(t, l)
	j.Wants(t, "tick timer immediate closing its-immediate")
}

func TestAnIntervalThatPanicsStaysSet(t *testing.T) {
	l := newLoop(t)
	fired := 0
	var timer *reactor.Timer
	timer = l.SetInterval(0, func() {
		if fired++; fired == 3 {
			timer.Stop()
		}
		panic(fired)
	})
	for n := 1; n <= 3; n++ {
		require.PanicsWithValue(t, n, func() { _ = l.Run() })
	}
	run(t, l)
	require.Equal(t, 3, fired)
}

// TestAPanicOutOfPollLeavesFDReadableForTheRest: the work that the panicking callback has queued is
// still there.
func TestAPanicOutOfPollLeavesFDReadableForTheRest(t *testing.T) {
	l := embedded(t)
	for _, kind := range embeddedWork {
		done := false
		kind.queue(t, l, func() {
			kind.queue(t, l, func() { done = true })
			panic(kind.name)
		})
		require.PanicsWithValue(t, kind.name, func() {
			for {
				fdtest.Readable(t, l.FD(), -1)
				_, _ = l.Poll(0)
			}
		})
		for !done {
			fdtest.Readable(t, l.FD(), -1)
			poll(t, l)
		}
		settled(t, l)
	}
}

func TestOnPanicGetsTheValueAndTheStackAndTheLoopGoesOn(t *testing.T) {
	for _, kind := range callbackKinds {
		t.Run(kind.name, func(t *testing.T) {
			type record struct {
				value any
				stack string
			}
			var got []record
			var log bytes.Buffer
			l := newLoopWith(t, reactor.Options{
				OnPanic: func(v any, stack []byte) { got = append(got, record{v, string(stack)}) },
				Logger:  slog.New(slog.NewTextHandler(&log, nil)),
			})
			var j journal
			kind.queue(t, l, func() {
				l.NextTick(j.Note("its-tick"))
				panicByName()
			})
			kind.queue(t, l, j.Note("next"))
			run(t, l)
			require.ElementsMatch(t, []string{"its-tick", "next"}, j.Entries)
			require.Len(t, got, 1)
			require.Equal(t, "by name", got[0].value)
			require.Contains(t, got[0].stack, "panicByName")
			require.Equal(t, 1, bytes.Count(log.Bytes(), []byte("by name")), "%s", &log)
		})
	}
}

func panicByName() { panic("by name") }

func TestOnPanicIsSilentWithoutAPanicAndWithoutALogger(t *testing.T) {
	panics := 0
	l := newLoopWith(t, reactor.Options{OnPanic: func(any, []byte) { panics++ }})
	ran := 0
	for _, kind := range callbackKinds {
		kind.queue(t, l, func() { ran++ })
	}
	run(t, l)
	require.Equal(t, len(callbackKinds), ran)
	require.Zero(t, panics)
	l.NextTick(func() { panic(nil) })
	run(t, l)
	require.Equal(t, 1, panics, "panic(nil) is one too")
}

func TestAPanicInOnPanicUnwindsOutOfRun(t *testing.T) {
	l := newLoopWith(t, reactor.Options{OnPanic: func(v any, _ []byte) { panic(v) }})
	var j journal
	l.SetImmediate(func() { panic("passed on") })
	l.SetImmediate(j.Note("next"))
	require.PanicsWithValue(t, "passed on", func() { _ = l.Run() })
	run(t, l)
	j.Wants(t, "next")
}
