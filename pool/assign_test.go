package pool_test

import (
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/pool"
)

//brood:checks W020
func TestJobsBehindAWorkerThatDiesAreRun(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, one(pool.Options{Max: 1}))
	for _, how := range []string{"exit", "exit0", "kill", "hang-up"} {
		died := run(t, p, order{Do: how}, nil)
		behind := run(t, p, order{Do: "echo", Arg: how}, nil)
		until(t, l, settled(died, behind))
		require.Equal(t, how, value[string](behind))
	}
	stop(t, l, p)
}

//brood:checks W020
func TestAWorkerKeptFreeForASuspectWorksAfterwards(t *testing.T) {
	l := newLoop(t)
	o := raw(pool.Options{Max: 2, InFlight: 2, Retries: 1})
	p := newPool(t, l, o)
	ready(t, l, p, 2)
	slow, slowly := runTask(t, p, order{Do: "silent"}, nil)
	kept, ok := slow.Worker()
	require.True(t, ok)
	poison := run(t, p, order{Do: "exit"}, nil)
	until(t, l, settled(poison))
	require.ErrorIs(t, poison.err, pool.ErrPoison)

	ready(t, l, p, 1)
	var more []*outcome
	for range 3 { // Two fill the other worker.
		more = append(more, run(t, p, order{Do: "pid", MS: 30}, nil))
	}
	until(t, l, settled(more...))
	used := map[pool.Worker]bool{}
	for _, o := range more {
		used[o.result.Worker] = true
	}
	require.True(t, used[kept], "%v of %v", kept, used)
	slow.Cancel(nil)
	until(t, l, settled(slowly))
	stop(t, l, p)
}

//brood:checks W020
func TestACancelledSuspectDelaysNoJob(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, raw(pool.Options{Max: 1, InFlight: 2, Retries: 1}))
	suspect, gone := runTask(t, p, order{Do: "exit"}, nil)
	until(t, l, func() bool { return p.Stats().Crashed+p.Stats().Retried > 0 })
	other := run(t, p, order{Do: "echo", Arg: "well"}, nil)
	suspect.Cancel(nil)
	until(t, l, settled(gone, other))
	require.Equal(t, "well", value[string](other))
	stop(t, l, p)
}

//brood:checks W021
func TestOneJobAWorkerByDefault(t *testing.T) {
	l := newLoop(t)
	journal := newJournalFile(t)
	p := newPool(t, l, env(raw(pool.Options{Max: 1}), journal.env(), `RAW_READY={"ready":{"version":1}}`))
	ready(t, l, p, 1)
	var jobs []*outcome
	for range 4 {
		jobs = append(jobs, run(t, p, order{Do: "pid", Arg: "job", MS: 20}, nil))
	}
	for i, o := range jobs {
		until(t, l, settled(o))
		require.LessOrEqual(t, journal.begun("job"), i+2, "the worker begins at once with what it has")
		require.LessOrEqual(t, p.Stats().Running, 1)
	}
	stop(t, l, p)
}

//brood:checks W021
func TestInFlightIsNoMoreThanTheWorkerSays(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, env(raw(pool.Options{Max: 1, InFlight: 8}), `RAW_READY={"ready":{"version":1,"concurrency":3}}`))
	ready(t, l, p, 1)
	var jobs []*outcome
	for range 8 {
		jobs = append(jobs, run(t, p, order{Do: "pid", MS: 20}, nil))
	}
	require.Equal(t, 3, p.Stats().Running)
	require.Equal(t, 3, p.Stats().Slots)
	until(t, l, settled(jobs...))
	stop(t, l, p)
}

//brood:checks W022
func TestJobsSentAheadGoElsewhereWhenTheWorkerDies(t *testing.T) {
	for _, how := range []string{"exit", "kill", "hang"} {
		t.Run(how, func(t *testing.T) {
			l := newLoop(t)
			journal := newJournalFile(t)
			o := one(pool.Options{Max: 1, Ahead: 3, CancelGrace: 30 * time.Millisecond, KillGrace: 30 * time.Millisecond})
			p := newPool(t, l, env(o, journal.env(), "RAW_SERIAL=1", "RAW_IGNORE=1"))
			ready(t, l, p, 1)
			first := order{Do: how, MS: 20}
			if how == "hang" {
				first = order{Do: "stubborn", MS: 100_000}
			}
			died := run(t, p, first, &pool.RunOptions{Timeout: 80 * time.Millisecond})
			var ahead []*outcome
			for range 3 {
				ahead = append(ahead, run(t, p, order{Do: "pid", Arg: "ahead"}, nil))
			}
			require.Equal(t, 4, p.Stats().Running, "all were written")
			until(t, l, settled(append(ahead, died)...))
			require.Error(t, died.err)
			for _, o := range ahead {
				require.NoError(t, o.err)
				require.Equal(t, 1, o.result.Runs)
				require.Equal(t, 2, o.result.Worker.Number)
			}
			require.Equal(t, 3, journal.begun("ahead"))
			require.Zero(t, p.Stats().Retried)
			stop(t, l, p)
		})
	}
}

//brood:checks W022
func TestAnIdleWorkerGetsJobsSentAheadToABusyOne(t *testing.T) {
	l := newLoop(t)
	journal := newJournalFile(t)
	p := newPool(t, l, env(one(pool.Options{Max: 2, Ahead: 1}), journal.env(), "RAW_SERIAL=1"))
	ready(t, l, p, 2)
	slow, first := runTask(t, p, order{Do: "silent"}, nil)
	short := run(t, p, order{Do: "pid", MS: 30}, nil)
	ahead := []*outcome{run(t, p, order{Do: "pid", Arg: "ahead"}, nil), run(t, p, order{Do: "pid", Arg: "ahead"}, nil)}
	until(t, l, settled(append(ahead, short)...))
	busy, ok := slow.Worker()
	require.True(t, ok)
	for _, o := range ahead {
		require.NotEqual(t, busy, o.result.Worker)
		require.Equal(t, 1, o.result.Runs)
	}
	require.Equal(t, 2, journal.begun("ahead"))
	slow.Cancel(nil)
	until(t, l, settled(first))
	stop(t, l, p)
}

//brood:checks W022
func TestAJobThatWasBegunMeanwhileIsNotTakenBack(t *testing.T) {
	l := newLoop(t)
	journal := newJournalFile(t)
	// These workers begin all jobs at once, which the pool cannot know.
	p := newPool(t, l, env(one(pool.Options{Max: 2, Ahead: 1}), journal.env()))
	ready(t, l, p, 2)
	slow := run(t, p, order{Do: "pid", MS: 150}, nil)
	short := run(t, p, order{Do: "pid", MS: 20}, nil)
	ahead := run(t, p, order{Do: "pid", Arg: "ahead", MS: 100}, nil)
	other := run(t, p, order{Do: "error", Arg: `"no"`, MS: 100}, nil)
	until(t, l, settled(slow, short, ahead, other))
	require.NotZero(t, value[int](ahead))
	_, refused := errors.AsType[*pool.JobError](other.err)
	require.True(t, refused, "%v", other.err)
	require.Equal(t, 1, journal.begun("ahead"))
	require.Equal(t, 1, journal.begun(`"no"`))
	stop(t, l, p)
}

//brood:checks W023
func TestAmongIdleWorkersTheOrderChooses(t *testing.T) {
	for _, test := range []struct {
		order pool.Order
		// workers of a long and a short job at once, and then of three that come one by one
		want []int
	}{
		{pool.LIFO, []int{3, 2, 3, 3, 3}},
		{pool.FIFO, []int{1, 2, 3, 2, 1}},
		{pool.RoundRobin, []int{1, 2, 3, 1, 2}},
	} {
		t.Run(test.order.String(), func(t *testing.T) {
			l := newLoop(t)
			p := newPool(t, l, one(pool.Options{Max: 3, Starting: 1, Order: test.order}))
			ready(t, l, p, 3)
			long := run(t, p, order{Do: "pid", MS: 700}, nil)
			short := run(t, p, order{Do: "pid"}, nil)
			until(t, l, settled(long, short))
			jobs := []*outcome{long, short}
			for range 3 {
				o := run(t, p, order{Do: "pid"}, nil)
				until(t, l, settled(o))
				jobs = append(jobs, o)
			}
			var got []int
			for _, o := range jobs {
				require.NoError(t, o.err)
				got = append(got, o.result.Worker.Number)
			}
			require.Equal(t, test.want, got)
			stop(t, l, p)
		})
	}
}

//brood:checks W026
func TestAllBusyStartsMoreAtOnceAndIdleOnesExit(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, one(pool.Options{Min: 1, Max: 3, Starting: 8, IdleTimeout: 60 * time.Millisecond}))
	ended := exits(p)
	ready(t, l, p, 1)
	var jobs []*outcome
	for range 5 {
		jobs = append(jobs, run(t, p, order{Do: "pid", MS: 150}, nil))
	}
	require.Equal(t, 3, p.Stats().Peak, "they are started in the call that finds all busy")
	until(t, l, settled(jobs...))
	until(t, l, func() bool { return len(*ended) == 2 })
	for _, e := range *ended {
		require.Equal(t, pool.ExitIdle, e.Reason)
		require.False(t, e.Forced)
	}
	pass(t, l, 150*time.Millisecond)
	require.Equal(t, 1, p.Stats().Idle, "Min stay")
	require.Equal(t, 3, p.Stats().Peak)
	stop(t, l, p)
}

//brood:checks W026
func TestNoWorkerIsStartedWithoutNeed(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, one(pool.Options{Min: -1, Max: 8, Starting: 8}))
	require.Zero(t, p.Stats().Peak)
	jobs := []*outcome{run(t, p, order{Do: "pid"}, nil), run(t, p, order{Do: "pid"}, nil)}
	require.Equal(t, 2, p.Stats().Peak, "one for each that waits")
	until(t, l, settled(jobs...))
	ready(t, l, p, 2)
	for range 3 {
		o := run(t, p, order{Do: "pid"}, nil)
		until(t, l, settled(o))
	}
	require.Equal(t, 2, p.Stats().Peak)
	stop(t, l, p)
}

//brood:checks W026
func TestWorkersOverALowerMinExitToo(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, one(pool.Options{Max: 3, IdleTimeout: 30 * time.Millisecond}))
	ended := exits(p)
	ready(t, l, p, 3)
	pass(t, l, 100*time.Millisecond)
	require.Empty(t, *ended)
	require.NoError(t, p.Resize(1, 3))
	until(t, l, func() bool { return len(*ended) == 2 })
	pass(t, l, 100*time.Millisecond)
	require.Equal(t, 1, p.Stats().Idle)
	stop(t, l, p)
}

//brood:checks W027
func TestAWorkerWhoseChannelNeedsADrainGetsNothing(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, raw(pool.Options{Max: 2, InFlight: 64}))
	ready(t, l, p, 2)
	stopped := p.Workers()[0]
	require.NoError(t, syscall.Kill(stopped.Pid, syscall.SIGSTOP))
	var jobs []*outcome
	const size = 128 << 10
	for range 30 {
		jobs = append(jobs, run(t, p, order{Do: "length", Arg: strings.Repeat("x", size)}, nil))
	}
	until(t, l, func() bool { return int(p.Stats().Settled)+p.Workers()[0].Jobs == len(jobs) })
	require.Less(t, p.Workers()[0].Jobs, 8, "those that the channel took")
	require.NoError(t, syscall.Kill(stopped.Pid, syscall.SIGCONT))
	until(t, l, settled(jobs...))
	for _, o := range jobs {
		require.Equal(t, size, value[int](o))
	}
	stop(t, l, p)
}
