package pool_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/pool"
)

// script returns options for workers that are a shell script, with JSON lines.
func script(t testing.TB, o pool.Options, text string) *pool.Options {
	t.Helper()
	file := filepath.Join(t.TempDir(), "worker.sh")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	o.ExecPath, o.Module = "/bin/sh", file
	if o.Protocol == pool.Messages {
		o.Protocol = pool.Lines
	}
	return &o
}

//brood:checks W030
func TestAtTheDeadlineDoneComesAtOnceAndTheSlotIsFreeLater(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, one(pool.Options{Max: 1, CancelGrace: time.Minute}))
	ready(t, l, p, 1)
	// It ignores the cancel, and answers later.
	late := run(t, p, order{Do: "stubborn", MS: 1500}, &pool.RunOptions{Timeout: 30 * time.Millisecond})
	next := run(t, p, order{Do: "echo", Arg: "next"}, nil)
	began := time.Now()
	until(t, l, settled(late))
	require.ErrorIs(t, late.err, pool.ErrTimeout)
	require.Less(t, time.Since(began), 1500*time.Millisecond)
	require.Equal(t, 1, p.Stats().Waiting, "the worker has no room")
	require.Zero(t, p.Stats().Late)
	until(t, l, settled(next))
	require.Equal(t, "next", value[string](next))
	require.Equal(t, uint64(1), p.Stats().Late)
	require.Empty(t, p.Stats().Exits)
	stop(t, l, p)
}

//brood:checks W030
func TestTimeoutIsOfTheRunAndNotOfTheWait(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, one(pool.Options{Max: 1, Timeout: 700 * time.Millisecond}))
	ready(t, l, p, 1)
	var jobs []*outcome
	for range 5 { // Together they take longer than the timeout of each.
		jobs = append(jobs, run(t, p, order{Do: "pid", MS: 200}, nil))
	}
	unlimited := run(t, p, order{Do: "pid", MS: 900}, &pool.RunOptions{Timeout: -1})
	until(t, l, settled(append(jobs, unlimited)...))
	for _, o := range append(jobs, unlimited) {
		require.NoError(t, o.err)
	}
	stop(t, l, p)
}

//brood:checks W031
func TestCancelThenSignalThenSIGKILL(t *testing.T) {
	for _, test := range []struct {
		name  string
		env   string
		job   string
		ended syscall.Signal // 0: the worker is kept
	}{
		{"the cancel message is enough", "", "silent", 0},
		{"the signal is enough", "", "stubborn", syscall.SIGTERM},
		{"it ignores both", "RAW_IGNORE=1", "stubborn", syscall.SIGKILL},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := newLoop(t)
			o := one(pool.Options{Max: 1, CancelGrace: 60 * time.Millisecond, KillGrace: 60 * time.Millisecond})
			if test.ended == 0 {
				o.CancelGrace = time.Minute
			}
			p := newPool(t, l, env(o, test.env))
			ended := exits(p)
			ready(t, l, p, 1)
			task, got := runTask(t, p, order{Do: test.job, MS: 1000 * len(test.job)}, nil)
			began := time.Now()
			task.Cancel(nil)
			next := run(t, p, order{Do: "pid"}, nil)
			until(t, l, settled(got, next))
			took := time.Since(began)
			require.ErrorIs(t, got.err, pool.ErrCancelled)
			require.NoError(t, next.err)
			switch test.ended {
			case 0:
				require.Equal(t, 1, next.result.Worker.Number)
				require.Empty(t, *ended)
			case syscall.SIGKILL:
				require.GreaterOrEqual(t, took, 120*time.Millisecond)
				require.True(t, (*ended)[0].Status.Forced)
				fallthrough
			default:
				require.GreaterOrEqual(t, took, 60*time.Millisecond)
				require.Len(t, *ended, 1)
				e := (*ended)[0]
				require.Equal(t, test.ended, e.Status.Signal)
				require.Equal(t, pool.ExitTimeout, e.Reason)
				require.True(t, e.Forced)
				require.Equal(t, 2, next.result.Worker.Number)
			}
			stop(t, l, p)
		})
	}
}

//brood:checks W031
func TestTheSignalReachesTheGroup(t *testing.T) {
	l := newLoop(t)
	o := script(t, pool.Options{Max: 1, CancelGrace: -1, KillGrace: 2 * time.Second}, `
sleep 1000 &
echo '{"ready":true}' >&3
read job <&3
echo '{"id":1,"result":'$!'}' >&3
read job <&3
wait
`)
	p := newPool(t, l, o)
	first := run(t, p, 1, nil)
	until(t, l, settled(first))
	sleeper := value[int](first)
	require.True(t, running(sleeper))
	second := run(t, p, 2, &pool.RunOptions{Timeout: 20 * time.Millisecond})
	until(t, l, settled(second))
	until(t, l, func() bool { return !running(sleeper) })
	stop(t, l, p)
}

// running reports whether there is a process with that pid that has not exited.
func running(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return syscall.Kill(pid, 0) == nil
	}
	return !strings.Contains(string(text), "State:\tZ") && !strings.Contains(string(text), "State:\tX")
}

//brood:checks W032
func TestAWorkerThatAnswersInItsGraceIsKept(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, one(pool.Options{Max: 1, CancelGrace: 30 * time.Second}))
	ready(t, l, p, 1)
	late := run(t, p, order{Do: "stubborn", MS: 120}, &pool.RunOptions{Timeout: 20 * time.Millisecond})
	next := run(t, p, order{Do: "pid"}, nil)
	until(t, l, settled(late, next))
	require.Equal(t, 1, late.called)
	require.ErrorIs(t, late.err, pool.ErrTimeout)
	require.Equal(t, 1, next.result.Worker.Number)
	require.Equal(t, uint64(1), p.Stats().Late, "its result was dropped")
	stop(t, l, p)
}

//brood:checks W033
func TestTimersOfAJobDoNotHitTheNextOne(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, one(pool.Options{Max: 1, Timeout: time.Second, CancelGrace: 600 * time.Millisecond}))
	ready(t, l, p, 1)
	for range 2 {
		// The worker answers a cancelled job within the grace, and runs the next one when the grace
		// is over.
		task, cancelled := runTask(t, p, order{Do: "silent"}, nil)
		task.Cancel(nil)
		next := run(t, p, order{Do: "pid", MS: 800}, &pool.RunOptions{Timeout: -1})
		until(t, l, settled(cancelled, next))
		require.Equal(t, 1, resultOf(next).Worker.Number)
	}
	// The same for deadlines: two jobs take longer than the timeout of one.
	a, b := run(t, p, order{Do: "pid", MS: 600}, nil), run(t, p, order{Do: "pid", MS: 600}, nil)
	until(t, l, settled(a, b))
	require.NoError(t, a.err)
	require.NoError(t, b.err)
	require.Empty(t, p.Stats().Exits)
	stop(t, l, p)
}

// resultOf returns the result.
func resultOf(o *outcome) *pool.Result {
	o.t.Helper()
	require.NoError(o.t, o.err)
	return o.result
}

//brood:checks W034
func TestCancellingAWaitingJobSendsNothing(t *testing.T) {
	l := newLoop(t)
	journal := newJournalFile(t)
	p := newPool(t, l, env(one(pool.Options{Max: 1}), journal.env()))
	ready(t, l, p, 1)
	neighbour := run(t, p, order{Do: "pid", MS: 500}, nil)
	waiting, got := runTask(t, p, order{Do: "echo", Arg: "never"}, nil)
	behind := run(t, p, order{Do: "echo", Arg: "behind"}, nil)
	why := errors.New("not needed")
	waiting.Cancel(why)
	until(t, l, settled(got))
	require.Zero(t, neighbour.called, "it comes at once")
	require.ErrorIs(t, got.err, why)
	until(t, l, settled(neighbour, behind))
	require.NoError(t, neighbour.err)
	require.Equal(t, "behind", value[string](behind))
	require.Equal(t, uint64(0), p.Stats().Late)
	require.Zero(t, journal.begun("never"))
	waiting.Cancel(nil) // Does nothing: it is settled.
	require.Equal(t, 1, got.called)
	stop(t, l, p)
}

//brood:checks W035
func TestAKillForOneJobCostsItsNeighboursNothing(t *testing.T) {
	for _, how := range []string{"in a worker that stays", "in a worker that is replaced"} {
		t.Run(how, func(t *testing.T) {
			l := newLoop(t)
			journal := newJournalFile(t)
			o := raw(pool.Options{Max: 1, InFlight: 3, CancelGrace: 30 * time.Millisecond, KillGrace: 30 * time.Millisecond})
			p := newPool(t, l, env(o, journal.env(), "RAW_IGNORE=1"))
			ended := exits(p)
			ready(t, l, p, 1)
			guilty := run(t, p, order{Do: "stubborn", Arg: "guilty", MS: 100_000}, &pool.RunOptions{Timeout: 200 * time.Millisecond, Retries: 5})
			neighbours := []*outcome{
				run(t, p, order{Do: "echo", Arg: "neighbour", MS: 700}, nil),
				run(t, p, order{Do: "echo", Arg: "neighbour", MS: 700}, &pool.RunOptions{Retries: -1}),
			}
			if strings.Contains(how, "replaced") {
				require.NoError(t, p.Reload(nil, nil))
			}
			until(t, l, settled(append(neighbours, guilty)...))
			require.ErrorIs(t, guilty.err, pool.ErrTimeout)
			for _, o := range neighbours {
				require.Equal(t, "neighbour", value[string](o))
				require.Equal(t, 1, o.result.Runs, "the first was not theirs")
				require.Equal(t, 2, o.result.Worker.Number)
			}
			require.Equal(t, 1, journal.begun("guilty"))
			require.Equal(t, 4, journal.begun("neighbour"))
			until(t, l, func() bool { return len(*ended) > 0 })
			require.Equal(t, pool.ExitTimeout, (*ended)[0].Reason)
			require.Zero(t, p.Stats().Retried)
			stop(t, l, p)
		})
	}
}

//brood:checks W035
func TestANeighbourWhoseChunksWereTakenIsNotRunAgain(t *testing.T) {
	l := newLoop(t)
	o := script(t, pool.Options{Max: 1, InFlight: 2, CancelGrace: -1}, `
echo '{"ready":{"version":1,"concurrency":2}}' >&3
read a <&3
read b <&3
echo '{"id":2,"chunk":"half"}' >&3
exec sleep 1000
`)
	p := newPool(t, l, o)
	guilty := run(t, p, "a", &pool.RunOptions{Timeout: 60 * time.Millisecond})
	task, heard := runTask(t, p, "b", &pool.RunOptions{Timeout: -1, Retries: 3})
	var chunks string
	task.OnChunk(func(chunk []byte) { chunks += string(chunk) })
	until(t, l, settled(guilty, heard))
	require.ErrorIs(t, guilty.err, pool.ErrTimeout)
	_, crashed := errors.AsType[*pool.CrashError](heard.err)
	require.True(t, crashed, "%v", heard.err)
	require.Equal(t, "half", chunks)
	stop(t, l, p)
}

//brood:checks W036
func TestOnStuckTellsOncePerRunAndDoesNothing(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, one(pool.Options{Max: 1, StuckAfter: 60 * time.Millisecond}))
	ready(t, l, p, 1)
	var stuck []*pool.Task
	p.OnStuck(func(task *pool.Task) { stuck = append(stuck, task) })
	slow, got := runTask(t, p, order{Do: "echo", Arg: "slow", MS: 300}, nil)
	until(t, l, func() bool { return len(stuck) > 0 })
	require.Zero(t, got.called)
	until(t, l, settled(got))
	require.Equal(t, "slow", value[string](got))
	require.Equal(t, []*pool.Task{slow}, stuck)
	pass(t, l, 100*time.Millisecond)
	require.Len(t, stuck, 1)
	stop(t, l, p)
}

//brood:checks W037
func TestPingsGoOnlyToIdleWorkers(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, one(pool.Options{Max: 1, PingInterval: 400 * time.Millisecond}))
	ready(t, l, p, 1)
	pass(t, l, 900*time.Millisecond)
	computes := run(t, p, order{Do: "spin", Arg: "done", MS: 1300}, nil)
	until(t, l, settled(computes))
	require.Equal(t, "done", value[string](computes))
	pass(t, l, 900*time.Millisecond)
	require.Empty(t, p.Stats().Exits)
	require.NoError(t, p.Healthy())
	stop(t, l, p)
}

//brood:checks W037
func TestAnIdleWorkerThatDoesNotAnswerIsReplaced(t *testing.T) {
	l := newLoop(t)
	o := env(one(pool.Options{Max: 1, PingInterval: 200 * time.Millisecond}), "RAW_NOPONG=1")
	p := newPool(t, l, o)
	ended := exits(p)
	ready(t, l, p, 1)
	busy := run(t, p, order{Do: "echo", Arg: "busy", MS: 700}, nil)
	until(t, l, settled(busy))
	require.Equal(t, "busy", value[string](busy), "it is not asked while it has a job")
	until(t, l, func() bool { return len(*ended) > 0 })
	require.Equal(t, pool.ExitTimeout, (*ended)[0].Reason)
	require.ErrorIs(t, (*ended)[0].Err, pool.ErrHung)
	next := run(t, p, order{Do: "pid"}, nil)
	until(t, l, settled(next))
	require.NoError(t, next.err)
	stop(t, l, p)
}
