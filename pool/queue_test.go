package pool_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/pool"
)

//brood:checks W024
func TestMaxQueueBoundsWaitingJobs(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, one(pool.Options{Max: 1, MaxQueue: 4}))
	ready(t, l, p, 1)
	drains := 0
	p.OnDrain(func() {
		drains++
		require.LessOrEqual(t, p.Stats().Waiting, 2, "half is free")
		require.False(t, p.NeedDrain())
	})
	running, first := runTask(t, p, order{Do: "silent"}, nil)
	var jobs []*outcome
	for i := range 4 {
		require.False(t, p.NeedDrain(), "job %d", i)
		jobs = append(jobs, run(t, p, order{Do: "pid"}, nil))
	}
	require.True(t, p.NeedDrain())
	_, err := p.Run(order{Do: "pid"}, nil, func(*pool.Result, error) { t.Error("called") })
	require.ErrorIs(t, err, pool.ErrQueueFull)
	pass(t, l, 30*time.Millisecond)
	require.Zero(t, drains)
	running.Cancel(nil)
	until(t, l, settled(append(jobs, first)...))
	require.Equal(t, 1, drains)
	for range 2 { // It comes once for each time.
		running, first = runTask(t, p, order{Do: "silent"}, nil)
		task, waits := runTask(t, p, order{Do: "pid"}, nil)
		jobs = []*outcome{first, waits, run(t, p, order{Do: "pid"}, nil), run(t, p, order{Do: "pid"}, nil), run(t, p, order{Do: "pid"}, nil)}
		task.Cancel(nil)
		running.Cancel(nil)
		until(t, l, settled(jobs...))
	}
	require.Equal(t, 3, drains)
	require.Zero(t, p.Stats().WaitingBytes)
	stop(t, l, p)
}

//brood:checks W024
func TestMaxQueueBytesBoundsWaitingJobs(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, one(pool.Options{Max: 1, MaxQueueBytes: 2000}))
	ready(t, l, p, 1)
	running, first := runTask(t, p, order{Do: "silent"}, nil)
	big := strings.Repeat("x", 900)
	jobs := []*outcome{run(t, p, order{Do: "length", Arg: big}, nil)}
	require.False(t, p.NeedDrain())
	jobs = append(jobs, run(t, p, order{Do: "length", Arg: big}, nil))
	require.False(t, p.NeedDrain())
	_, err := p.Run(order{Do: "length", Arg: big}, nil, func(*pool.Result, error) { t.Error("called") })
	require.ErrorIs(t, err, pool.ErrQueueFull)
	require.True(t, p.NeedDrain(), "somebody was refused")
	jobs = append(jobs, run(t, p, order{Do: "length"}, nil)) // There is room for a small job.
	_, err = p.Run(order{Do: "length"}, &pool.RunOptions{Attach: make([]byte, 500)}, func(*pool.Result, error) { t.Error("called") })
	require.ErrorIs(t, err, pool.ErrQueueFull, "attachments count")
	drained := 0
	p.OnDrain(func() { drained++ })
	running.Cancel(nil)
	until(t, l, settled(append(jobs, first)...))
	require.Equal(t, 1, drained)

	// A job that is over the limit alone runs if nothing waits.
	huge := run(t, p, order{Do: "length", Arg: strings.Repeat("x", 5000)}, nil)
	until(t, l, settled(huge))
	require.Equal(t, 5000, value[int](huge))
	stop(t, l, p)
}

//brood:checks W024
func TestAFullQueueRefusesNoJobThatAWorkerTakesAtOnce(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, one(pool.Options{Max: 2, MaxQueue: 1}))
	ready(t, l, p, 2)
	busy, held := runTask(t, p, order{Do: "silent"}, &pool.RunOptions{Key: "busy"})
	waiting := run(t, p, order{Do: "pid"}, &pool.RunOptions{Key: "busy"})
	_, err := p.Run(order{Do: "pid"}, &pool.RunOptions{Key: "busy"}, func(*pool.Result, error) { t.Error("called") })
	require.ErrorIs(t, err, pool.ErrQueueFull)
	other := run(t, p, order{Do: "pid"}, nil)
	until(t, l, settled(other))
	require.Zero(t, waiting.called)
	busy.Cancel(nil)
	until(t, l, settled(held, waiting))
	stop(t, l, p)
}

//brood:checks W025
func TestQueueTimeoutIsApartFromTimeout(t *testing.T) {
	l := newLoop(t)
	journal := newJournalFile(t)
	p := newPool(t, l, env(one(pool.Options{Max: 1, QueueTimeout: 100 * time.Millisecond}), journal.env()))
	ready(t, l, p, 1)
	slow := run(t, p, order{Do: "echo", Arg: "slow", MS: 800}, nil)
	waits := run(t, p, order{Do: "echo", Arg: "waits"}, &pool.RunOptions{Timeout: time.Hour})
	patient := run(t, p, order{Do: "echo", Arg: "patient"}, &pool.RunOptions{QueueTimeout: -1})
	began := time.Now()
	until(t, l, settled(waits))
	require.ErrorIs(t, waits.err, pool.ErrQueueTimeout)
	require.NotErrorIs(t, waits.err, pool.ErrTimeout)
	require.GreaterOrEqual(t, time.Since(began), 90*time.Millisecond)
	require.Zero(t, slow.called)
	until(t, l, settled(slow, patient))
	require.Equal(t, "slow", value[string](slow), "it is not for what runs")
	require.Equal(t, "patient", value[string](patient))
	require.Zero(t, journal.begun("waits"))
	stop(t, l, p)
}

//brood:checks W025
func TestAJobSentAheadStillWaits(t *testing.T) {
	l := newLoop(t)
	journal := newJournalFile(t)
	p := newPool(t, l, env(one(pool.Options{Max: 1, Ahead: 1}), journal.env(), "RAW_SERIAL=1"))
	ready(t, l, p, 1)
	slow := run(t, p, order{Do: "pid", MS: 600}, nil)
	ahead := run(t, p, order{Do: "echo", Arg: "ahead"}, &pool.RunOptions{QueueTimeout: 50 * time.Millisecond})
	require.Equal(t, 2, p.Stats().Running)
	until(t, l, settled(ahead))
	require.ErrorIs(t, ahead.err, pool.ErrQueueTimeout)
	until(t, l, settled(slow))
	next := run(t, p, order{Do: "pid"}, nil)
	until(t, l, settled(next))
	require.Zero(t, journal.begun("ahead"), "the worker was told")
	stop(t, l, p)
}

//brood:checks W028
func TestACallerWhoseContextEndsLeavesTheQueue(t *testing.T) {
	l := newLoop(t)
	journal := newJournalFile(t)
	p := newPool(t, l, env(one(pool.Options{Max: 1, MaxQueue: 1}), journal.env()))
	ready(t, l, p, 1)
	running, first := runTask(t, p, order{Do: "silent"}, nil)
	why := errors.New("the client has hung up")
	for range 3 { // Each time its place in the queue becomes free.
		ctx, end := context.WithCancelCause(context.Background())
		got := run(t, p, order{Do: "echo", Arg: "left"}, &pool.RunOptions{Context: ctx})
		end(why)
		require.Zero(t, got.called)
		until(t, l, settled(got))
		require.ErrorIs(t, got.err, why)
		require.ErrorIs(t, got.err, pool.ErrCancelled)
	}
	ended, end := context.WithCancelCause(context.Background())
	end(why)
	_, err := p.Run(1, &pool.RunOptions{Context: ended}, func(*pool.Result, error) { t.Error("called") })
	require.ErrorIs(t, err, why)

	last := run(t, p, order{Do: "echo", Arg: "last"}, nil)
	running.Cancel(nil)
	until(t, l, settled(first, last))
	require.Equal(t, "last", value[string](last))
	require.Zero(t, journal.begun("left"))
	stop(t, l, p)
}

//brood:checks W028
func TestTheContextOfARunningJobCancelsIt(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, one(pool.Options{Max: 1}))
	ready(t, l, p, 1)
	ctx, end := context.WithTimeout(context.Background(), 40*time.Millisecond)
	defer end()
	got := run(t, p, order{Do: "silent"}, &pool.RunOptions{Context: ctx})
	next := run(t, p, order{Do: "pid"}, nil)
	until(t, l, settled(got, next))
	require.ErrorIs(t, got.err, context.DeadlineExceeded)
	require.Equal(t, 1, next.result.Worker.Number, "the worker was told, and is kept")
	stop(t, l, p)
}

//brood:checks W028
func TestDoReturnsAtOnceWhenItsContextEnds(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, one(pool.Options{Max: 1}))
	ready(t, l, p, 1)
	ctx, end := context.WithCancel(context.Background())
	errs := make(chan error, 3)
	// One runs, two wait. Each goroutine ends with its call, whose error the test receives.
	for range 3 {
		go func() { errs <- p.Do(ctx, order{Do: "silent"}, nil, nil) }()
	}
	until(t, l, func() bool { return p.Stats().Submitted == 3 })
	end()
	for range 3 {
		require.ErrorIs(t, <-errs, pool.ErrCancelled) // The loop does not turn.
	}
	next := run(t, p, order{Do: "pid"}, nil)
	until(t, l, settled(next))
	require.NoError(t, next.err)
	require.Equal(t, uint64(3), p.Stats().Cancelled)
	stop(t, l, p)
}
