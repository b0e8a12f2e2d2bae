package pool_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/pool"
	"github.com/brood-go/brood/reactor"
)

func init() {
	// retires [job] asks to be replaced when it is ready, or when it gets a job, which it never
	// answers.
	workers["retires"] = func(_ *reactor.Loop, parent *ipc.Channel, args []string) error {
		// The parent may have exited.
		retire := func() { _ = parent.Send(json.RawMessage(`{"retire":true}`)) }
		_ = parent.Send(json.RawMessage(`{"ready":true}`))
		if len(args) == 0 {
			retire()
		}
		parent.OnMessage(func(*ipc.Message) { retire() })
		return nil
	}
}

//brood:checks W045 W048
func TestWorkersThatRetireAsSoonAsTheyAreReadyAreNoRestartLoop(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, &pool.Options{Self: "retires", Max: 1, Backoff: pool.Backoff{Min: time.Hour, Max: time.Hour}})
	ends := exits(p)
	// The third was starting when the second had exited.
	until(t, l, func() bool { return len(*ends) >= 3 })
	pass(t, l, 50*time.Millisecond)
	require.Equal(t, 3, p.Stats().Peak)
	require.Equal(t, pool.ExitRetired, (*ends)[0].Reason)
	stop(t, l, p)
}

// countWorkers returns a counter of the largest number of workers.
func countWorkers(p *pool.Pool) *int {
	most := new(int)
	p.OnWorkerReady(func(pool.Worker) { *most = max(*most, len(p.Workers())) })
	return most
}

//brood:checks W026 W048
func TestWorkersThatRetireInTheirJobsDoNotPileUp(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, &pool.Options{Self: "retires", Args: []string{"job"}, Max: 2})
	for range 20 {
		run(t, p, 1, nil)
	}
	most := countWorkers(p)
	// Other workers have taken their places.
	until(t, l, func() bool { return p.Stats().Running == 4 })
	pass(t, l, 100*time.Millisecond)
	require.Equal(t, 4, *most)
	require.Equal(t, 16, p.Stats().Waiting)
	p.Stop(&pool.StopOptions{JobGrace: -1}, nil)
	require.NoError(t, l.Run())
}

//brood:checks W026 W030
func TestWorkersThatTakeLongToBeKilledDoNotPileUp(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, env(one(pool.Options{
		Max: 1, Timeout: 5 * time.Millisecond, CancelGrace: time.Millisecond, KillGrace: 300 * time.Millisecond,
	}), "RAW_IGNORE=1"))
	submit := func() { run(t, p, order{Do: "stubborn", MS: 600_000}, nil) }
	timer := l.SetInterval(10*time.Millisecond, submit)
	most := countWorkers(p)
	until(t, l, func() bool { return p.Stats().Exits[pool.ExitTimeout] == 2 })
	timer.Stop()
	require.Equal(t, 1, *most)
	p.Stop(&pool.StopOptions{JobGrace: -1}, nil)
	require.NoError(t, l.Run())
}

//brood:checks W062
func TestAReloadEndsWhenANewWorkerIsNotNeededAnyMore(t *testing.T) {
	l := newLoop(t)
	start := filepath.Join(t.TempDir(), "start")
	p := newPool(t, l, env(one(pool.Options{Max: 2}), "RAW_START="+start))
	ready(t, l, p, 2)
	require.NoError(t, os.WriteFile(start, []byte("slow 200"), 0o600))
	told := 0
	require.NoError(t, p.Reload(&pool.ReloadOptions{Batch: 2}, func(err error) {
		require.NoError(t, err)
		told++
	}))
	until(t, l, func() bool { return p.Stats().Starting == 2 })
	for _, w := range p.Workers() {
		if w.Generation == 1 {
			require.True(t, p.Kill(w.Number))
		}
	}
	until(t, l, func() bool { return len(p.Workers()) == 2 })
	require.NoError(t, p.Resize(1, 1))
	until(t, l, func() bool { return told == 1 })
	require.Equal(t, 1, p.Stats().Idle)
	stop(t, l, p)
}

//brood:checks W035 W062
func TestASuccessorStaysThatIsReadyWhileItsPredecessorIsKilled(t *testing.T) {
	l := newLoop(t)
	start := filepath.Join(t.TempDir(), "start")
	p := newPool(t, l, env(one(pool.Options{Max: 1, CancelGrace: time.Millisecond, KillGrace: 600 * time.Millisecond}), "RAW_START="+start, "RAW_IGNORE=1"))
	ready(t, l, p, 1)
	hung, _ := runTask(t, p, order{Do: "stubborn", MS: 600_000}, nil)
	until(t, l, func() bool { return p.Stats().Running == 1 })
	require.NoError(t, os.WriteFile(start, []byte("slow 100"), 0o600))
	require.NoError(t, p.Reload(nil, nil))
	until(t, l, func() bool { return p.Stats().Starting == 1 })
	hung.Cancel(nil)
	until(t, l, func() bool { return p.Stats().Exits[pool.ExitTimeout] == 1 && p.Stats().Idle == 1 })
	require.Equal(t, 2, p.Stats().Peak)
	stop(t, l, p)
}
