package pool_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/pool"
)

//brood:checks W005
func TestJobsOfAKeyGoToOneWorkerAndMoveWhenItDies(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, one(pool.Options{Max: 3, Order: pool.RoundRobin}))
	ready(t, l, p, 3)
	var jobs []*outcome
	for range 6 {
		jobs = append(jobs, run(t, p, order{Do: "pid", MS: 5}, &pool.RunOptions{Key: "session"}))
	}
	until(t, l, settled(jobs...))
	bound := jobs[0].result.Worker
	for _, o := range jobs {
		require.Equal(t, bound, o.result.Worker)
		require.Equal(t, bound.Pid, value[int](o))
	}

	died := run(t, p, order{Do: "exit"}, &pool.RunOptions{Key: "session"})
	var moved []*outcome
	for range 3 { // They wait for the worker that dies.
		moved = append(moved, run(t, p, order{Do: "pid"}, &pool.RunOptions{Key: "session"}))
	}
	until(t, l, settled(append(moved, died)...))
	require.NotEqual(t, bound, moved[0].result.Worker)
	for _, o := range moved {
		require.Equal(t, moved[0].result.Worker, o.result.Worker)
	}
	stop(t, l, p)
}

//brood:checks W005
func TestKeyedJobsBehindABusyWorkerDelayNoOthers(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, one(pool.Options{Max: 2}))
	ready(t, l, p, 2)
	slow, first := runTask(t, p, order{Do: "silent"}, &pool.RunOptions{Key: "a"})
	behind := run(t, p, order{Do: "echo", Arg: "behind"}, &pool.RunOptions{Key: "a", Priority: 9})
	others := []*outcome{run(t, p, order{Do: "pid"}, nil), run(t, p, order{Do: "pid"}, &pool.RunOptions{Key: "b"})}
	until(t, l, settled(others...))
	require.Zero(t, behind.called)
	busy, ok := slow.Worker()
	require.True(t, ok)
	for _, o := range others {
		require.NotEqual(t, busy, o.result.Worker)
	}
	slow.Cancel(nil)
	until(t, l, settled(first, behind))
	require.Equal(t, busy, behind.result.Worker)
	stop(t, l, p)
}

//brood:checks W005
func TestBroadcastReachesEveryWorkerOnce(t *testing.T) {
	l := newLoop(t)
	journal := newJournalFile(t)
	p := newPool(t, l, env(one(pool.Options{Max: 3, Retries: 3}), journal.env()))
	var nobody []pool.WorkerResult
	told := false
	require.NoError(t, p.Broadcast(order{Do: "pid"}, nil, func(r []pool.WorkerResult) { nobody, told = r, true }))
	require.False(t, told, "called inside Broadcast")
	until(t, l, func() bool { return told })
	require.Empty(t, nobody, "no worker was ready")

	ready(t, l, p, 3)
	busy := run(t, p, order{Do: "pid", MS: 60}, nil)
	var all []pool.WorkerResult
	calls := 0
	require.NoError(t, p.Broadcast(order{Do: "pid", Arg: "reload config"}, nil, func(r []pool.WorkerResult) { all = r; calls++ }))
	until(t, l, func() bool { return calls > 0 })
	require.Equal(t, 1, busy.called, "the busy worker does its job first")
	require.Len(t, all, 3)
	seen := map[int]bool{}
	for i, r := range all {
		require.NoError(t, r.Err)
		var pid int
		require.NoError(t, r.Result.Decode(&pid))
		require.Equal(t, r.Worker.Pid, pid)
		require.Equal(t, i+1, r.Worker.Number)
		seen[pid] = true
	}
	require.Len(t, seen, 3)
	require.Equal(t, 3, journal.begun("reload config"))

	// Each worker that dies is an error of its own, and no other worker runs its part.
	all = nil
	require.NoError(t, p.Broadcast(order{Do: "exit", Arg: "broadcast"}, nil, func(r []pool.WorkerResult) { all = r }))
	until(t, l, func() bool { return all != nil })
	require.Len(t, all, 3)
	for _, r := range all {
		crash, ok := errors.AsType[*pool.CrashError](r.Err)
		require.True(t, ok, "%v", r.Err)
		require.Equal(t, r.Worker, crash.Crashes[0].Worker)
	}
	require.Equal(t, 3, journal.begun("broadcast"))
	stop(t, l, p)
}

//brood:checks W005
func TestBroadcastEndsWhenAWorkerDiesBeforeItsTurn(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, one(pool.Options{Max: 2}))
	ready(t, l, p, 2)
	dying := run(t, p, order{Do: "exit", MS: 30}, nil)
	var all []pool.WorkerResult
	require.NoError(t, p.Broadcast(order{Do: "pid"}, nil, func(r []pool.WorkerResult) { all = r }))
	until(t, l, func() bool { return all != nil })
	until(t, l, settled(dying))
	var failed []pool.WorkerResult
	for _, r := range all {
		if r.Err != nil {
			failed = append(failed, r)
		}
	}
	require.Len(t, failed, 1)
	_, ok := errors.AsType[*pool.CrashError](failed[0].Err)
	require.True(t, ok, "%v", failed[0].Err)
	stop(t, l, p)
}

//brood:checks W005
func TestBroadcastIsBounded(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, one(pool.Options{Max: 2, MaxQueue: 1}))
	ready(t, l, p, 2)
	var got []pool.WorkerResult
	require.NoError(t, p.Broadcast(order{Do: "pid", MS: 60}, nil, func(r []pool.WorkerResult) { got = r }), "idle workers take it at once")
	require.ErrorIs(t, p.Broadcast(order{Do: "pid"}, nil, func([]pool.WorkerResult) { t.Error("called") }), pool.ErrQueueFull)
	until(t, l, func() bool { return got != nil })
	require.Len(t, got, 2)
	for _, o := range []*pool.RunOptions{{Key: "k"}, {Handle: l}} {
		_, refused := errors.AsType[*pool.OptionError](p.Broadcast(1, o, func([]pool.WorkerResult) { t.Error("called") }))
		require.True(t, refused)
	}
	require.Error(t, p.Broadcast(make(chan int), nil, func([]pool.WorkerResult) { t.Error("called") }))
	require.PanicsWithValue(t, "pool: Broadcast: nil callback", func() { _ = p.Broadcast(1, nil, nil) })
	stop(t, l, p)
}

//brood:checks W024
func TestABroadcastIsBoundedInBytesAndARefusedOneSeesTheDrain(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, one(pool.Options{Max: 1, MaxQueueBytes: 1000}))
	ready(t, l, p, 1)
	drains := 0
	p.OnDrain(func() { drains++ })
	running := run(t, p, order{MS: 30}, nil)
	waits := run(t, p, order{Arg: "small"}, nil)
	big := order{Arg: strings.Repeat("x", 990)}
	require.ErrorIs(t, p.Broadcast(big, nil, func([]pool.WorkerResult) { t.Error("called") }), pool.ErrQueueFull)
	require.True(t, p.NeedDrain())
	until(t, l, settled(running, waits))
	require.Equal(t, 1, drains)
	var got []pool.WorkerResult
	require.NoError(t, p.Broadcast(big, nil, func(r []pool.WorkerResult) { got = r }))
	until(t, l, func() bool { return got != nil })
	stop(t, l, p)
}

//brood:checks W006
func TestHigherPriorityFirstAndFIFOInside(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, one(pool.Options{Max: 1}))
	ready(t, l, p, 1)
	first, held := runTask(t, p, order{Do: "silent"}, nil)
	var got []string
	for _, job := range []struct {
		name     string
		priority int
		key      string
	}{{"low", -1, ""}, {"a", 0, ""}, {"keyed", 0, "k"}, {"high 1", 5, ""}, {"b", 0, ""}, {"high 2", 5, ""}, {"top", 1 << 40, ""}, {"c", 0, ""}} {
		_, err := p.Run(order{Do: "echo"}, &pool.RunOptions{Priority: job.priority, Key: job.key}, func(_ *pool.Result, err error) {
			require.NoError(t, err)
			got = append(got, job.name)
		})
		require.NoError(t, err)
	}
	l.SetTimeout(20*time.Millisecond, func() { first.Cancel(nil) })
	until(t, l, func() bool { return held.called == 1 && len(got) == 8 })
	require.Equal(t, []string{"top", "high 1", "high 2", "a", "keyed", "b", "c", "low"}, got)
	stop(t, l, p)
}

//brood:checks W005
func TestThePartsOfABroadcastHaveResultsOfTheirOwn(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, raw(pool.Options{Max: 4, InFlight: 1}))
	ready(t, l, p, 4)
	var all []pool.WorkerResult
	require.NoError(t, p.Broadcast(order{Do: "pid", Arg: "a job that is longer than its result"}, nil, func(r []pool.WorkerResult) { all = r }))
	until(t, l, func() bool { return all != nil })
	for _, r := range all {
		require.NoError(t, r.Err)
		require.Equal(t, strconv.Itoa(r.Worker.Pid), string(r.Result.Raw()))
	}
	stop(t, l, p)
}
