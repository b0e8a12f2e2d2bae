package pool_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/pool"
)

// reload reloads the pool. done sets the outcome.
func reload(t testing.TB, p *pool.Pool, o *pool.ReloadOptions) *outcome {
	t.Helper()
	got := &outcome{t: t}
	require.NoError(t, p.Reload(o, func(err error) { got.called++; got.err = err }))
	require.Zero(t, got.called, "called inside Reload")
	return got
}

//brood:checks W062
func TestReloadReplacesEachWorkerOnceItsSuccessorIsReady(t *testing.T) {
	for batch, most := range map[int]int{0: 4, 2: 5} {
		l := newLoop(t)
		p := newPool(t, l, raw(pool.Options{Max: 3, InFlight: 1, Starting: 4}))
		ends := exits(p)
		until(t, l, func() bool { return p.Stats().Idle == 3 })
		long := run(t, p, order{Arg: "long", MS: 300}, nil)
		done := reload(t, p, &pool.ReloadOptions{Batch: batch})
		require.ErrorIs(t, p.Reload(nil, nil), pool.ErrReloading)
		least, alive := 3, 0
		until(t, l, func() bool {
			s := p.Stats()
			least, alive = min(least, s.Idle+s.Busy+s.Draining), max(alive, s.Idle+s.Busy+s.Starting)
			return done.called > 0
		})
		require.NoError(t, done.err)
		require.Equal(t, 3, least)
		require.Equal(t, most, alive, "batch %d", batch)
		until(t, l, settled(long))
		require.Equal(t, "long", value[string](long), "it was not cut")
		until(t, l, func() bool { return len(*ends) == 3 })
		for _, e := range *ends {
			require.Equal(t, pool.ExitReload, e.Reason)
			require.Equal(t, 1, e.Worker.Generation)
			require.False(t, e.Forced)
		}
		require.Equal(t, 2, p.Stats().Generation)
		stop(t, l, p)
	}
}

//brood:checks W063
func TestANewWorkerThatFailsEndsTheReloadAndTheOldOnesStay(t *testing.T) {
	dir := t.TempDir()
	broken := filepath.Join(dir, "broken")
	path := shell(t, `if [ -e `+broken+` ]; then
			case $(cat `+broken+`) in hang) exec sleep 1000;; *) echo no >&2; exit 5;; esac
		fi
		echo '{"ready":true}' >&3
		while read -r line <&3; do id=${line#*:}; id=${id%%,*}; echo "{\"id\":$id,\"result\":$$}" >&3; done`)
	for _, how := range []string{"die", "hang"} {
		t.Run(how, func(t *testing.T) {
			_ = os.Remove(broken)
			l := newLoop(t)
			p := newPool(t, l, &pool.Options{Module: path, Protocol: pool.Lines, Max: 2, StartTimeout: 2 * time.Second, Backoff: quick, KillGrace: -1})
			until(t, l, func() bool { return p.Stats().Idle == 2 })
			pids := map[int]bool{}
			for _, w := range p.Workers() {
				pids[w.Pid] = true
			}
			require.NoError(t, os.WriteFile(broken, []byte(how), 0o600))
			done := reload(t, p, nil)
			until(t, l, settled(done))
			failed, ok := errors.AsType[*pool.ReloadError](done.err)
			require.True(t, ok, "%v", done.err)
			require.Equal(t, [2]int{0, 2}, [2]int{failed.Replaced, failed.Of})
			start, ok := errors.AsType[*pool.StartError](done.err)
			require.True(t, ok)
			if how == "hang" {
				require.ErrorIs(t, start, pool.ErrStartTimeout)
			} else {
				require.Equal(t, 5, start.Status.Code)
			}
			for range 4 {
				got := run(t, p, 1, nil)
				until(t, l, settled(got))
				require.True(t, pids[value[int](got)], "an old worker")
			}
			require.NoError(t, os.Remove(broken))
			done = reload(t, p, nil)
			until(t, l, settled(done))
			require.NoError(t, done.err)
			got := run(t, p, 1, nil)
			until(t, l, settled(got))
			require.False(t, pids[value[int](got)])
			stop(t, l, p)
		})
	}
}

//brood:checks W064
func TestJobsGoToTheNewestReadyGenerationAndNoneToDrainingWorkers(t *testing.T) {
	l := newLoop(t)
	g := newGate(t)
	path := shell(t, `[ "$BROOD_POOL_GENERATION" = 1 ] || read -r go <`+g.path+`
		echo '{"ready":{"version":1,"concurrency":9}}' >&3
		while read -r line <&3; do id=${line#*:}; id=${id%%,*}; echo "{\"id\":$id,\"result\":$BROOD_POOL_GENERATION}" >&3; done`)
	p := newPool(t, l, &pool.Options{Module: path, Protocol: pool.Lines, Max: 2})
	until(t, l, func() bool { return p.Stats().Idle == 2 })
	ask := func() int {
		got := run(t, p, 1, nil)
		until(t, l, settled(got))
		return value[int](got)
	}
	done := reload(t, p, nil)
	until(t, l, func() bool { return p.Stats().Starting == 1 })
	require.Equal(t, 1, ask(), "nobody of the new one is ready")
	g.open()
	until(t, l, func() bool { return p.Stats().Starting == 1 && p.Stats().Peak == 4 })
	for range 5 {
		require.Equal(t, 2, ask(), "one old worker is still there")
	}
	g.open()
	until(t, l, settled(done))
	require.NoError(t, done.err)
	stop(t, l, p)
}

//brood:checks W065
func TestReloadsUnderLoadLoseAndRefuseNothing(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, raw(pool.Options{Max: 2, InFlight: 4}))
	var all []*outcome
	reloads := 0
	var again func()
	again = func() {
		if reloads++; reloads > 5 {
			return
		}
		require.NoError(t, p.Reload(nil, func(err error) { require.NoError(t, err); again() }))
	}
	again()
	until(t, l, func() bool {
		for p.Stats().Waiting+p.Stats().Running < 20 {
			all = append(all, run(t, p, order{Arg: "x"}, nil))
		}
		return reloads > 5
	})
	until(t, l, settled(all...))
	for _, o := range all {
		require.Equal(t, "x", value[string](o))
	}
	s := p.Stats()
	require.Equal(t, s.Submitted, s.Succeeded)
	require.Zero(t, s.Retried+s.Late)
	stop(t, l, p)
}

func TestAReloadCanRunAnotherProgram(t *testing.T) {
	first := shell(t, `echo '{"ready":true}' >&3; while read -r line <&3; do id=${line#*:}; id=${id%%,*}; echo "{\"id\":$id,\"result\":\"first\"}" >&3; done`)
	second := shell(t, `echo '{"ready":true}' >&3; while read -r line <&3; do id=${line#*:}; id=${id%%,*}; echo "{\"id\":$id,\"result\":\"$1\"}" >&3; done`)
	l := newLoop(t)
	p := newPool(t, l, &pool.Options{Module: first, Protocol: pool.Lines, Max: 1})
	ask := func() string {
		got := run(t, p, 1, nil)
		until(t, l, settled(got))
		return value[string](got)
	}
	require.Equal(t, "first", ask())
	done := reload(t, p, &pool.ReloadOptions{Module: "/nonexistent"})
	until(t, l, settled(done))
	require.ErrorIs(t, done.err, os.ErrNotExist)
	require.Equal(t, "first", ask())
	done = reload(t, p, &pool.ReloadOptions{Module: second, Args: []string{"second"}})
	until(t, l, settled(done))
	require.NoError(t, done.err)
	require.Equal(t, "second", ask())
	got := run(t, p, 1, nil)
	require.True(t, p.Kill(p.Workers()[0].Number))
	until(t, l, settled(got))
	require.Equal(t, "second", ask(), "what is started later runs it, too")
	stop(t, l, p)
}

// Worker 4, a successor of the reload that fails, exits late. By then worker 6 is to replace the
// same worker.
//
//brood:checks W063
func TestASuccessorThatExitsLateIsNotThatOfTheNextReload(t *testing.T) {
	l := newLoop(t)
	fifo, trapped := newGate(t), filepath.Join(t.TempDir(), "trapped")
	p := newPool(t, l, script(t, pool.Options{Max: 2, Starting: 2, KillGrace: time.Hour}, `case $BROOD_POOL_WORKER in
		3) until [ -e `+trapped+` ]; do sleep 0.01; done; exit 1;;
		4) trap '' TERM; : >`+trapped+`; while :; do sleep 1; done;;
		6) read -r go <`+fifo.path+`;;
		esac
		echo '{"ready":true}' >&3
		read -r end <&3`))
	ends := exits(p)
	ready(t, l, p, 2)
	failed := reload(t, p, &pool.ReloadOptions{Batch: 2})
	until(t, l, func() bool { return failed.called > 0 })
	require.Error(t, failed.err)
	done := reload(t, p, nil)
	until(t, l, func() bool { return p.Stats().Peak == 6 })
	require.True(t, p.Kill(4))
	until(t, l, func() bool {
		return slices.ContainsFunc(*ends, func(e *pool.WorkerExit) bool { return e.Worker.Number == 4 })
	})
	require.Equal(t, 6, p.Stats().Peak, "workers that were started")
	require.NoError(t, pool.Broken(p))
	fifo.open()
	until(t, l, func() bool { return done.called > 0 })
	require.NoError(t, done.err)
	stop(t, l, p)
}

// The mistake is found when a job needs another worker, before the reload has started one.
//
//brood:checks W063
func TestAReloadToAProgramThatCannotBeStartedChangesNothing(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, one(pool.Options{Min: 1, Max: 2}))
	ready(t, l, p, 1)
	busy := run(t, p, order{Do: "echo", Arg: "busy", MS: 50}, nil)
	done := reload(t, p, &pool.ReloadOptions{Module: "a\x00b"})
	waits := run(t, p, order{Do: "echo", Arg: "waits"}, nil)
	until(t, l, settled(done, busy, waits))
	failed, ok := errors.AsType[*pool.ReloadError](done.err)
	require.True(t, ok, "%v", done.err)
	require.ErrorIs(t, failed, syscall.EINVAL)
	require.Equal(t, "busy", value[string](busy))
	require.Equal(t, "waits", value[string](waits))
	require.Equal(t, 1, p.Stats().Generation)
	stop(t, l, p)
}
