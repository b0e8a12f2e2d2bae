package pool_test

import (
	"errors"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/pool"
)

// allowed checks that the history of a task allows its outcome.
func (m *model) allowed(k *modelTask) {
	t, do := m.t, k.job.Do
	crash, crashed := errors.AsType[*pool.CrashError](k.err)
	refused, isRefused := errors.AsType[*pool.JobError](k.err)
	cancelled, isCancelled := errors.AsType[*pool.CancelError](k.err)
	_, unstarted := errors.AsType[*pool.StartError](k.err)
	_, looped := errors.AsType[*pool.CrashLoopError](k.err)
	switch {
	case k.err == nil:
		m.allowedResult(k)
	case isRefused:
		require.Equal(t, "error", do, "%v", k.err)
		require.GreaterOrEqual(t, refused.Runs, k.retries+1)
		require.LessOrEqual(t, refused.Runs, k.retries+pool.DefaultMaxCrashes)
	case crashed:
		kills := map[string]bool{"exit": true, "exit0": true, "kill": true, "raw": true, "hang-up": true}
		require.True(t, kills[do] || m.killed || m.shared(), "%s: %v", do, k.err)
		poison := len(crash.Crashes) == pool.DefaultMaxCrashes && k.retries > 0
		require.Equal(t, poison, errors.Is(k.err, pool.ErrPoison), "%v", k.err)
		if !poison {
			require.Len(t, crash.Crashes, 1)
			require.True(t, k.retries == 0 || k.chunks != "", "%v", k.err)
		}
	case isCancelled:
		require.Contains(t, k.asked, cancelled.Cause)
	case errors.Is(k.err, pool.ErrQueueTimeout):
		require.NotZero(t, k.o.QueueTimeout)
		require.GreaterOrEqual(t, time.Since(k.since), k.o.QueueTimeout)
	case errors.Is(k.err, pool.ErrTimeout):
		require.GreaterOrEqual(t, time.Since(k.since), k.timeout)
	case looped:
		require.Equal(t, pool.CrashLoopFail, m.o.CrashLoop)
		require.True(t, m.looped || m.deathsLoop())
	case unstarted:
		require.Zero(t, len(m.pids), "a worker was ready")
	default:
		require.ErrorIs(t, k.err, pool.ErrStopped)
		require.True(t, m.drops)
	}
}

// deathsLoop allows outcomes that come before OnCrashLoop in the same turn.
func (m *model) deathsLoop() bool { return m.pool.Healthy() != nil }

// shared reports whether workers had several jobs at once, or a worker that broke the protocol may
// have got another job before the pool saw the breach.
func (m *model) shared() bool {
	if m.o.InFlight > 1 {
		return true
	}
	for _, k := range m.tasks {
		if k.job.Do == "twice" || k.job.Do == "answer-and-die" || k.job.Do == "retire" {
			return true
		}
	}
	return false
}

func (m *model) allowedResult(k *modelTask) {
	t := m.t
	switch k.job.Do {
	case "echo", "spin", "answer-and-die", "stubborn":
		var text string
		require.NoError(t, k.result.Decode(&text))
		require.Equal(t, k.job.Arg, text, "it is the answer to another job")
	case "chunks":
		if k.heard {
			require.Equal(t, "012", k.chunks)
		}
	case "retire":
		var pid int
		require.NoError(t, k.result.Decode(&pid))
		require.Equal(t, k.result.Worker.Pid, pid)
	case "twice":
		require.Equal(t, "1", string(k.result.Raw()))
	default:
		require.Fail(t, "a result", "%+v: %s", k.job, k.result.Raw())
	}
	require.LessOrEqual(t, k.result.Runs, 1+k.retries+pool.DefaultMaxCrashes)
}

// allowedRuns checks how often workers have begun a job.
func (m *model) allowedRuns(k *modelTask) {
	if m.o.InFlight > 1 {
		return // The neighbours of a job for which its worker is killed are run again.
	}
	most := 1
	if k.retries > 0 {
		most = k.retries + pool.DefaultMaxCrashes
	}
	if m.o.Ahead > 0 {
		// A worker can answer a job after the pool has decided to kill it for that, begin the next
		// one, and die in it. That one counts as a neighbour, too.
		most += m.timeouts
	}
	runs := countLines(m.t, m.journal.name, k.job.Arg)
	m.note("begun %d times, %d are allowed: %+v", runs, most, k.job)
	require.LessOrEqual(m.t, runs, most)
}
