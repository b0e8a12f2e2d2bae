package pool_test

import (
	"context"
	"errors"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/pool"
)

//brood:checks W060
func TestStopRunsSubmittedJobsAndDisconnectsTheWorkers(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, raw(pool.Options{Max: 2, InFlight: 1}))
	ends := exits(p)
	ready(t, l, p, 2)
	var all []*outcome
	for range 6 {
		all = append(all, run(t, p, order{Arg: "x", MS: 20}, nil))
	}
	until(t, l, func() bool { return p.Stats().Running == 2 })
	report := stop(t, l, p)
	for _, o := range all {
		require.Equal(t, "x", value[string](o))
	}
	require.Equal(t, &pool.StopReport{Elapsed: report.Elapsed}, report)
	require.Len(t, *ends, 2)
	for _, e := range *ends {
		require.Equal(t, pool.ExitStop, e.Reason)
		require.True(t, e.Status.Success())
	}
}

//brood:checks W060
func TestWaitingJobsCanBeDroppedAndWorkersThatDoNotExitAreForced(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, raw(pool.Options{Max: 2, InFlight: 1, KillGrace: 50 * time.Millisecond, Fork: with("RAW_IGNORE=1")}))
	hung := run(t, p, order{Do: "spin", MS: 600_000}, nil)
	short := run(t, p, order{Arg: "short", MS: 20}, nil)
	until(t, l, func() bool { return p.Stats().Running == 2 })
	waiting := run(t, p, order{}, nil)
	var report *pool.StopReport
	p.Stop(&pool.StopOptions{DropWaiting: true, JobGrace: time.Second}, func(r *pool.StopReport) { report = r })
	require.Zero(t, waiting.called)
	require.NoError(t, l.Run())
	require.ErrorIs(t, waiting.err, pool.ErrStopped)
	require.Equal(t, "short", value[string](short))
	require.ErrorIs(t, hung.err, pool.ErrStopped)
	require.Equal(t, 2, report.Dropped)
	require.Len(t, report.Forced, 1)
	require.Equal(t, pool.ExitStop, report.Forced[0].Reason)
	require.Equal(t, syscall.SIGKILL, report.Forced[0].Status.Signal, "it ignores SIGTERM")
	balanced(t, p)
}

//brood:checks W061
func TestASecondStopOrTheContextShortensIt(t *testing.T) {
	for name, shorten := range map[string]func(p *pool.Pool, cancel func()){
		"second stop": func(p *pool.Pool, cancel func()) { p.Stop(&pool.StopOptions{JobGrace: -1}, nil) },
		"context":     func(p *pool.Pool, cancel func()) { cancel() },
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			p := newPool(t, l, raw(pool.Options{Max: 1, KillGrace: -1}))
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			hung := run(t, p, order{Do: "silent"}, nil)
			until(t, l, func() bool { return p.Stats().Running == 1 })
			var order []string
			p.Stop(&pool.StopOptions{Context: ctx}, func(*pool.StopReport) { order = append(order, "first") })
			p.Stop(nil, func(*pool.StopReport) { order = append(order, "second") })
			l.SetTimeout(10*time.Millisecond, func() {
				require.Zero(t, hung.called, "it waits for the job")
				shorten(p, cancel)
			})
			require.NoError(t, l.Run())
			require.ErrorIs(t, hung.err, pool.ErrStopped)
			require.Equal(t, []string{"first", "second"}, order)
			p.Stop(nil, func(*pool.StopReport) { order = append(order, "after") })
			require.Len(t, order, 2, "not inside the call")
			require.NoError(t, l.Run())
			require.Len(t, order, 3)
		})
	}
}

//brood:checks W060
func TestAWorkerThatDiesWhileThePoolStopsIsReplacedForWaitingJobs(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, raw(pool.Options{Max: 1, InFlight: 1}))
	bad, good := run(t, p, order{Do: "exit"}, nil), run(t, p, order{Arg: "good"}, nil)
	stop(t, l, p)
	_, ok := errors.AsType[*pool.CrashError](bad.err)
	require.True(t, ok)
	require.Equal(t, "good", value[string](good))
}

//brood:checks W060
func TestAnUnusedPoolStopsAtOnce(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, raw(pool.Options{Min: -1, Max: 4}))
	require.Empty(t, stop(t, l, p).Forced)
	require.Zero(t, p.Stats().Peak)
}

func TestALoopThatIsClosedKillsTheWorkers(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, raw(pool.Options{Max: 2, Fork: with("RAW_IGNORE=1")}))
	until(t, l, func() bool { return p.Stats().Idle == 2 })
	answer := make(chan error, 1)
	go func() { answer <- p.Do(context.Background(), order{Do: "silent"}, nil, nil) }()
	until(t, l, func() bool { return p.Stats().Running == 1 })
	var pids []int
	for _, w := range p.Workers() {
		pids = append(pids, w.Pid)
	}
	require.NoError(t, l.Close())
	require.ErrorContains(t, <-answer, "closed")
	for _, pid := range pids {
		for exists(pid) {
			// A closed loop emits no exit of a child.
			time.Sleep(time.Millisecond)
		}
	}
}

//brood:checks W061
func TestALaterStopGivesNoMoreTime(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, one(pool.Options{Max: 1}))
	hung := run(t, p, order{Do: "silent"}, nil)
	until(t, l, func() bool { return p.Stats().Running == 1 })
	told := 0
	done := func(*pool.StopReport) { told++ }
	p.Stop(&pool.StopOptions{JobGrace: 50 * time.Millisecond, DisconnectGrace: 50 * time.Millisecond}, done)
	again := l.SetInterval(10*time.Millisecond, func() {
		p.Stop(&pool.StopOptions{JobGrace: time.Hour, DisconnectGrace: time.Hour}, done)
		p.Stop(&pool.StopOptions{JobGrace: 50 * time.Millisecond, DisconnectGrace: 50 * time.Millisecond}, done)
	})
	until(t, l, func() bool { return len(p.Workers()) == 0 })
	again.Stop()
	require.NoError(t, l.Run())
	require.ErrorIs(t, hung.err, pool.ErrStopped)
	require.NotZero(t, told)
}

//brood:checks W061
func TestALaterStopGivesADisconnectedWorkerNoMoreTime(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, &pool.Options{Module: "600", ExecPath: "sleep", Protocol: pool.Lines, Ready: pool.ReadySpawn, Max: 1})
	ready(t, l, p, 1)
	soon := &pool.StopOptions{DisconnectGrace: 100 * time.Millisecond}
	p.Stop(soon, nil)
	again := l.SetInterval(20*time.Millisecond, func() { p.Stop(soon, nil) })
	until(t, l, func() bool { return len(p.Workers()) == 0 })
	again.Stop()
	require.NoError(t, l.Run())
}
