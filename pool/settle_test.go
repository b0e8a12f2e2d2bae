package pool_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/pool"
)

//brood:checks W002
func TestTasksSettleWhenTheLastWorkersDieWhileThePoolStops(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, one(pool.Options{Max: 1, Backoff: pool.Backoff{Min: 20 * time.Millisecond}}))
	dying := []*outcome{run(t, p, order{Do: "exit"}, nil), run(t, p, order{Do: "exit"}, nil), run(t, p, order{Do: "exit"}, nil)}
	last := run(t, p, order{Do: "echo", Arg: "last"}, nil)
	until(t, l, settled(dying[:2]...))
	// The pool pauses before it starts another worker, but must start it.
	stop(t, l, p)
	require.Equal(t, "last", value[string](last))
	for _, o := range dying {
		_, crashed := errors.AsType[*pool.CrashError](o.err)
		require.True(t, crashed, "%v", o.err)
	}
}

//brood:checks W002
func TestStopIsReportedWhenThePoolFailsMeanwhile(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, env(one(pool.Options{Max: 1}), "RAW_READY=exit"))
	got := run(t, p, order{Do: "echo"}, nil)
	stop(t, l, p) // Fails if done is not called.
	_, failed := errors.AsType[*pool.StartError](got.err)
	require.True(t, failed, "%v", got.err)
	require.Equal(t, 1, got.called)
}

//brood:checks W002
func TestDroppedTasksAreNotRunAgain(t *testing.T) {
	l := newLoop(t)
	journal := newJournalFile(t)
	p := newPool(t, l, env(one(pool.Options{Max: 1}), journal.env()))
	ready(t, l, p, 1)
	refused := run(t, p, order{Do: "error", Arg: `"no"`, MS: 100}, &pool.RunOptions{Retries: 5})
	waiting := run(t, p, order{Do: "echo", Arg: "waiting"}, nil)
	var report *pool.StopReport
	p.Stop(&pool.StopOptions{DropWaiting: true}, func(r *pool.StopReport) { report = r })
	require.NoError(t, l.Run())
	require.ErrorIs(t, refused.err, pool.ErrStopped)
	require.ErrorIs(t, waiting.err, pool.ErrStopped)
	require.Equal(t, 2, report.Dropped)
	require.Equal(t, 1, journal.begun(`"no"`))
	require.Zero(t, journal.begun("waiting"))
}

//brood:checks W002
func TestChunksWithoutAListenerDelayNoResult(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, one(pool.Options{Max: 1}))
	got := run(t, p, order{Do: "chunks"}, nil)
	until(t, l, settled(got))
	require.Equal(t, "chunks", value[string](got))

	task, got := runTask(t, p, order{Do: "chunks"}, nil)
	var chunks []string
	listener := task.OnChunk(func(chunk []byte) { chunks = append(chunks, string(chunk)) })
	until(t, l, settled(got))
	require.Equal(t, []string{"0", "1", "2"}, chunks)
	require.Equal(t, "chunks", value[string](got))
	listener.Off()

	task, got = runTask(t, p, order{Do: "chunks"}, nil)
	var left int
	listener = task.OnChunk(func([]byte) { left++; listener.Off() })
	until(t, l, settled(got))
	require.Equal(t, 1, left)

	var all []pool.WorkerResult
	require.NoError(t, p.Broadcast(order{Do: "chunks"}, nil, func(r []pool.WorkerResult) { all = r }))
	until(t, l, func() bool { return all != nil })
	require.NoError(t, all[0].Err)

	var text string
	done := make(chan error, 1)
	// The goroutine ends with its only call, whose result the test receives.
	go func() { done <- p.Do(context.Background(), order{Do: "chunks"}, &text, nil) }()
	var err error
	until(t, l, func() bool {
		select {
		case err = <-done:
			return true
		default:
			return false
		}
	})
	require.NoError(t, err)
	require.Equal(t, "chunks", text)
	stop(t, l, p)
}

//brood:checks W003
func TestErrorsTellFailuresApart(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, one(pool.Options{Max: 1}))

	no := run(t, p, order{Do: "error", Arg: `{"message":"no such image","name":"TypeError","code":"ENOENT","stack":"at x"}`}, &pool.RunOptions{Method: "resize"})
	died := run(t, p, order{Do: "exit", Arg: "a bad image"}, nil)
	killed := run(t, p, order{Do: "kill"}, nil)
	late := run(t, p, order{Do: "silent"}, &pool.RunOptions{Timeout: 30 * time.Millisecond})
	why := errors.New("the user has gone")
	waiting, cancelled := runTask(t, p, order{Do: "echo"}, nil)
	waiting.Cancel(why)
	waiting.Cancel(nil)
	until(t, l, settled(no, died, killed, late, cancelled))

	job, ok := errors.AsType[*pool.JobError](no.err)
	require.True(t, ok, "%v", no.err)
	require.Equal(t, []string{"resize", "no such image", "TypeError", "ENOENT", "at x"}, []string{job.Method, job.Message, job.Name, job.Code, job.Stack})
	require.Equal(t, 1, job.Runs)

	crash, ok := errors.AsType[*pool.CrashError](died.err)
	require.True(t, ok, "%v", died.err)
	require.Len(t, crash.Crashes, 1)
	require.Equal(t, 9, crash.Crashes[0].Status.Code)
	require.Equal(t, "dying of a bad image\n", string(crash.Crashes[0].Stderr))
	require.ErrorContains(t, died.err, "exit status 9: dying of a bad image")
	require.NotErrorIs(t, died.err, pool.ErrPoison)

	crash, ok = errors.AsType[*pool.CrashError](killed.err)
	require.True(t, ok, "%v", killed.err)
	require.Equal(t, syscall.SIGKILL, crash.Crashes[0].Status.Signal)

	require.ErrorIs(t, late.err, pool.ErrTimeout)
	require.ErrorIs(t, late.err, os.ErrDeadlineExceeded)
	require.ErrorIs(t, late.err, syscall.ETIMEDOUT)
	require.ErrorIs(t, cancelled.err, pool.ErrCancelled)
	require.ErrorIs(t, cancelled.err, why)

	ready(t, l, p, 1)
	cut := run(t, p, order{Do: "silent"}, nil)
	p.Stop(&pool.StopOptions{JobGrace: -1}, nil)
	require.NoError(t, l.Run())
	require.ErrorIs(t, cut.err, pool.ErrStopped)
	require.ErrorIs(t, cut.err, fs.ErrClosed)
	s := p.Stats()
	require.Equal(t, []uint64{1, 2, 1, 1, 1}, []uint64{s.Refused, s.Crashed, s.TimedOut, s.Cancelled, s.Failed})
	balanced(t, p)
}

//brood:checks W004
func TestTasksKeepTheLoopAliveAndIdleWorkersOfAnUnrefdPoolDoNot(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, one(pool.Options{Max: 2}))
	p.Unref()
	got := run(t, p, order{Do: "echo", Arg: "kept", MS: 50}, nil)
	require.NoError(t, l.Run())
	require.Equal(t, "kept", value[string](got))
	require.NotZero(t, p.Stats().Idle+p.Stats().Starting, "the workers stay")

	running, got := runTask(t, p, order{Do: "silent"}, nil)
	l.SetTimeout(30*time.Millisecond, func() { running.Cancel(nil) }).Unref()
	require.NoError(t, l.Run())
	require.ErrorIs(t, got.err, pool.ErrCancelled)

	p.Ref()
	require.True(t, l.Alive())
	stop(t, l, p)
	require.False(t, l.Alive())
}

// MaxCrashes runs a job again after a death, not after an error of the worker.
//
//brood:checks W043
func TestMaxCrashesAloneHasJobsRunAgainAfterCrashesAndNotAfterErrors(t *testing.T) {
	l := newLoop(t)
	journal := newJournalFile(t)
	p := newPool(t, l, env(one(pool.Options{Max: 1, MaxCrashes: 2, Backoff: pool.Backoff{Min: time.Millisecond}}), journal.env()))
	died := run(t, p, order{Do: "exit", Arg: "died"}, nil)
	refused := run(t, p, order{Do: "error", Arg: `"no"`}, nil)
	once := run(t, p, order{Do: "exit", Arg: "once"}, &pool.RunOptions{Retries: -1})
	until(t, l, settled(died, refused, once))
	require.ErrorIs(t, died.err, pool.ErrPoison)
	require.Equal(t, 2, journal.begun("died"))
	_, no := errors.AsType[*pool.JobError](refused.err)
	require.True(t, no, "%v", refused.err)
	require.Equal(t, 1, journal.begun(`"no"`))
	_, crashed := errors.AsType[*pool.CrashError](once.err)
	require.True(t, crashed, "%v", once.err)
	require.NotErrorIs(t, once.err, pool.ErrPoison)
	require.Equal(t, 1, journal.begun("once"))
	stop(t, l, p)
}
