package pool_test

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/pool"
)

// quick is a backoff for tests.
var quick = pool.Backoff{Min: 20 * time.Millisecond, Max: 80 * time.Millisecond}

//brood:checks W045
func TestTheFirstReplacementIsImmediateThenTheyWaitLongerUntilAnAnswer(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, raw(pool.Options{Max: 1, Backoff: pool.Backoff{Min: 100 * time.Millisecond, Max: 150 * time.Millisecond}}))
	ends := exits(p)
	ready := 0
	var gaps []time.Duration // from an exit to the start of the next worker
	p.OnWorkerReady(func(pool.Worker) { ready++ })
	crash := func() {
		got := run(t, p, order{Do: "exit"}, nil)
		n, started := len(*ends), p.Stats().Peak
		until(t, l, func() bool { return len(*ends) > n })
		ended := time.Now()
		// Not Starting: the worker may be started and ready within one turn.
		until(t, l, func() bool { return p.Stats().Peak > started })
		gaps = append(gaps, time.Since(ended))
		until(t, l, settled(got))
	}
	until(t, l, func() bool { return ready == 1 })
	for range 4 {
		crash()
	}
	require.Less(t, gaps[0], 70*time.Millisecond)
	require.Greater(t, gaps[1], 70*time.Millisecond)
	require.Greater(t, gaps[2], 110*time.Millisecond)
	require.Greater(t, gaps[3], 110*time.Millisecond)
	answer := run(t, p, order{}, nil)
	until(t, l, settled(answer))
	crash()
	require.Less(t, gaps[4], 70*time.Millisecond, "an answer resets it")
	stop(t, l, p)
}

// A pool of servers has no tasks. The loop goes on even if there is no worker for a while.
//
//brood:checks W045
func TestAPoolWhoseWorkersWaitToBeReplacedKeepsTheLoopAlive(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, raw(pool.Options{Max: 1, Backoff: quick}))
	ready := 0
	p.OnWorkerReady(func(w pool.Worker) {
		if ready++; ready == 4 {
			p.Stop(nil, nil)
			return
		}
		require.NoError(t, syscall.Kill(w.Pid, syscall.SIGKILL))
	})
	require.NoError(t, l.Run())
	require.Equal(t, 4, ready)
}

//brood:checks W046
func TestTenDeathsInARowAreACrashLoop(t *testing.T) {
	for _, policy := range []pool.CrashLoopPolicy{pool.CrashLoopWait, pool.CrashLoopFail} {
		t.Run(policy.String(), func(t *testing.T) {
			l := newLoop(t)
			p := newPool(t, l, raw(pool.Options{Max: 1, InFlight: 1, CrashLoop: policy, Backoff: pool.Backoff{Min: time.Millisecond, Max: 2 * time.Millisecond, StableAfter: 200 * time.Millisecond}}))
			var loops []*pool.CrashLoopError
			p.OnCrashLoop(func(e *pool.CrashLoopError) { loops = append(loops, e) })
			var killers []*outcome
			for range 10 {
				killers = append(killers, run(t, p, order{Do: "exit"}, nil))
			}
			good := run(t, p, order{Arg: "good"}, nil)
			until(t, l, func() bool { return len(loops) > 0 })
			require.Equal(t, 10, loops[0].Deaths)
			require.Equal(t, 9, loops[0].Last.Status.Code)
			if policy == pool.CrashLoopFail {
				until(t, l, settled(good))
				require.Same(t, loops[0], good.err)
				require.Same(t, loops[0], p.Healthy())
				_, err := p.Run(order{}, nil, func(*pool.Result, error) { t.Error("called") })
				require.Same(t, loops[0], err)
				// A worker that stays alive ends the loop.
				until(t, l, func() bool { return p.Healthy() == nil })
				good = run(t, p, order{Arg: "good"}, nil)
			}
			most := 0
			until(t, l, func() bool {
				most = max(most, p.Stats().Starting+p.Stats().Idle+p.Stats().Busy)
				return good.called > 0
			})
			require.Equal(t, "good", value[string](good))
			require.NoError(t, p.Healthy())
			require.True(t, settled(killers...)())
			require.Len(t, loops, 1)
			stop(t, l, p)
		})
	}
}

//brood:checks W047
func TestAForeignSIGKILLIsPerhapsOutOfMemory(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, raw(pool.Options{Max: 1}))
	got := run(t, p, order{Do: "kill"}, nil)
	until(t, l, settled(got))
	crash, ok := errors.AsType[*pool.CrashError](got.err)
	require.True(t, ok)
	require.Equal(t, syscall.SIGKILL, crash.Crashes[0].Status.Signal)
	if _, err := os.Stat("/sys/fs/cgroup/memory.events"); err != nil {
		require.ErrorIs(t, got.err, pool.ErrPerhapsMemory)
		require.Contains(t, got.err.Error(), "perhaps out of memory")
	}
	stop(t, l, p)
}

// A directory with the file memory.events can stand for a cgroup, because the pool only reads it.
//
//brood:checks W047
func TestThePoolsOwnSIGKILLIsNotOutOfMemory(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, raw(pool.Options{Max: 1}))
	ended := exits(p)
	got := run(t, p, order{Do: "silent"}, nil)
	until(t, l, func() bool { return p.Stats().Running == 1 })
	require.True(t, p.Kill(1))
	require.False(t, p.Kill(99))
	until(t, l, settled(got))
	crash, ok := errors.AsType[*pool.CrashError](got.err)
	require.True(t, ok)
	require.Equal(t, syscall.SIGKILL, crash.Crashes[0].Status.Signal)
	require.NotErrorIs(t, got.err, pool.ErrPerhapsMemory)
	until(t, l, func() bool { return len(*ended) == 1 })
	require.Equal(t, pool.ExitCrash, (*ended)[0].Reason)
	require.NoError(t, (*ended)[0].Err)
	stop(t, l, p)
}

//brood:checks W047
func TestTheCgroupTellsWhetherTheKernelKilledAWorker(t *testing.T) {
	for kills, want := range map[string]error{"3": nil, "4": pool.ErrMemory} {
		dir := t.TempDir()
		write := func(n string) {
			require.NoError(t, os.WriteFile(dir+"/memory.events", []byte("low 0\noom 9\noom_kill "+n+"\noom_group_kill 0\n"), 0o600))
		}
		write("3")
		o := pool.NewOOMWatch(dir)
		write(kills)
		require.Equal(t, want, o.Verdict())
	}
	require.Equal(t, pool.ErrPerhapsMemory, pool.NewOOMWatch(t.TempDir()).Verdict())
}

//brood:checks W048
func TestAWorkerMayAskToBeReplaced(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, raw(pool.Options{Max: 1, InFlight: 2}))
	ends := exits(p)
	other := run(t, p, order{Arg: "other", MS: 50}, nil)
	first := run(t, p, order{Do: "retire"}, nil)
	until(t, l, settled(first))
	second := run(t, p, order{Do: "pid"}, nil)
	until(t, l, settled(other, second))
	require.Equal(t, "other", value[string](other), "it finishes")
	require.NotEqual(t, value[int](first), value[int](second), "and gets nothing more")
	until(t, l, func() bool { return len(*ends) == 1 })
	require.Equal(t, pool.ExitRetired, (*ends)[0].Reason)
	require.False(t, (*ends)[0].Forced)
	stop(t, l, p)
}

//brood:checks W050
func TestMaxJobsReplacesAWorkerWithJitter(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, raw(pool.Options{Max: 1, InFlight: 1, MaxJobs: 20}))
	ends := exits(p)
	served := map[int]int{}
	for len(*ends) < 3 {
		got := run(t, p, order{Do: "pid"}, nil)
		until(t, l, settled(got))
		served[value[int](got)]++
	}
	for _, e := range *ends {
		require.Equal(t, pool.ExitMaxJobs, e.Reason)
		require.GreaterOrEqual(t, served[e.Worker.Pid], 20)
		require.False(t, e.Forced)
	}
	for range 200 {
		n := pool.JobLimit(&pool.Options{MaxJobs: 20})
		require.GreaterOrEqual(t, n, 20)
		require.LessOrEqual(t, n, 23, "15 % more at most")
	}
	require.Equal(t, -1, pool.JobLimit(&pool.Options{}), "0 is off")
	stop(t, l, p)
}

//brood:checks W051 W054
func TestAgeReplacesOneWorkerAtATimeAndCutsNoJob(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, raw(pool.Options{Max: 3, InFlight: 1, MaxAge: 150 * time.Millisecond}))
	ends := exits(p)
	until(t, l, func() bool { return p.Stats().Idle == 3 })
	var all []*outcome
	least, most := 3, 0
	for len(*ends) < 6 {
		all = append(all, run(t, p, order{Arg: "x", MS: 5}, nil))
		until(t, l, settled(all[len(all)-1]))
		s := p.Stats()
		least, most = min(least, s.Idle+s.Busy), max(most, s.Starting+s.Idle+s.Busy)
	}
	require.Equal(t, 3, least, "the successor is ready before the old one retires")
	require.Equal(t, 4, most, "one at a time")
	for _, o := range all {
		require.NoError(t, o.err)
	}
	for _, e := range *ends {
		require.Equal(t, pool.ExitAge, e.Reason)
	}
	stop(t, l, p)
}

//brood:checks W051
func TestIdleWorkersExitDownToMin(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, &pool.Options{Self: "gate", Min: 1, Max: 4, IdleTimeout: 50 * time.Millisecond})
	ends := exits(p)
	g := newGate(t)
	require.NoError(t, g.file.Close())
	var all []*outcome
	for range 4 {
		all = append(all, run(t, p, g.path, nil))
	}
	until(t, l, func() bool { return p.Stats().Busy == 4 })
	pass(t, l, 100*time.Millisecond)
	openForWrite(t, g.path)
	until(t, l, settled(all...))
	for _, o := range all {
		require.NoError(t, o.err, "it never cuts a job")
	}
	until(t, l, func() bool { return len(*ends) == 3 })
	for _, e := range *ends {
		require.Equal(t, pool.ExitIdle, e.Reason)
	}
	require.Equal(t, 1, p.Stats().Idle)
	stop(t, l, p)
}

//brood:checks W051 W052
func TestAWorkerThatHasGrownIsReplacedAndOneOverTheHardLimitKilled(t *testing.T) {
	needProcMemory(t)
	l := newLoop(t)
	p := newPool(t, l, raw(pool.Options{Max: 1, InFlight: 1, MaxMemory: 200 << 20}))
	ends := exits(p)
	got := run(t, p, order{Do: "grow", MS: 300}, nil)
	until(t, l, settled(got))
	require.NoError(t, got.err)
	until(t, l, func() bool { return len(*ends) == 1 })
	require.Equal(t, pool.ExitMemory, (*ends)[0].Reason)
	require.False(t, (*ends)[0].Forced)
	stop(t, l, p)

	p = newPool(t, l, raw(pool.Options{Max: 1, InFlight: 1, MaxMemoryHard: 200 << 20, PSS: true}))
	got = run(t, p, order{Do: "grow-and-hang", MS: 300}, nil)
	until(t, l, settled(got))
	require.ErrorIs(t, got.err, pool.ErrMemory)
	stop(t, l, p)
}

//brood:checks W053
func TestAWorkerThatIsTooBigAtFirstIsReportedAndNotReplaced(t *testing.T) {
	needProcMemory(t)
	l := newLoop(t)
	p := newPool(t, l, raw(pool.Options{Max: 1, MaxMemory: 1 << 20}))
	var told []error
	p.OnError(func(err error) { told = append(told, err) })
	var all []*outcome
	for range 20 {
		all = append(all, run(t, p, order{Do: "pid"}, nil))
	}
	until(t, l, settled(all...))
	require.Len(t, told, 1)
	big, ok := errors.AsType[*pool.MemoryError](told[0])
	require.True(t, ok)
	require.Greater(t, big.Bytes, int64(1<<20))
	require.Equal(t, 1, p.Stats().Peak, "no restart loop")
	stop(t, l, p)
}

func needProcMemory(t *testing.T) {
	t.Helper()
	if _, err := os.Stat("/proc/self/smaps_rollup"); err != nil {
		t.Skip("no /proc/self/smaps_rollup: ", err)
	}
}

// The parent is a program with a pool of workers that compute. It is killed.
//
//brood:checks W049
func TestNoWorkerOutlivesAParentThatIsKilled(t *testing.T) {
	l := newLoop(t)
	c, err := childprocess.ForkSelf(l, "parent", nil, nil)
	require.NoError(t, err)
	var pids []int
	c.OnMessage(messageInto(t, &pids))
	until(t, l, func() bool { return len(pids) == 2 })
	_, err = c.Kill(syscall.SIGKILL)
	require.NoError(t, err)
	require.NoError(t, l.Run())
	for _, pid := range pids {
		until(t, l, func() bool { return !exists(pid) })
	}
}

// exists reports whether there is a process with that pid that is no zombie. A process without its
// parent may be one for a while.
func exists(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return syscall.Kill(pid, 0) == nil
	}
	for i := len(stat) - 1; i >= 0; i-- {
		if stat[i] == ')' {
			return stat[i+2] != 'Z' && stat[i+2] != 'X'
		}
	}
	return false
}
