package pool_test

import (
	"bytes"
	"log/slog"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/pool"
)

func TestOptionsMayHaveTheirGreatestValues(t *testing.T) {
	const long, many = time.Duration(math.MaxInt64), math.MaxInt
	for name, o := range map[string]pool.Options{
		"times": {
			Timeout: long, QueueTimeout: long, CancelGrace: long, KillGrace: long, StartTimeout: long, IdleTimeout: long, MaxAge: long,
			StuckAfter: long, PingInterval: long, DisconnectGrace: long,
		},
		"numbers": {MaxJobs: many / 8, MaxQueue: many, MaxQueueBytes: math.MaxInt64, Retries: many, MaxCrashes: many, Starting: many, InFlight: many},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			o.Max = 1
			p := newPool(t, l, raw(o))
			got := run(t, p, order{Arg: "x"}, nil)
			until(t, l, settled(got))
			require.Equal(t, "x", value[string](got))
			require.Empty(t, stop(t, l, p).Forced)
		})
	}
}

//brood:checks W045
func TestALongBackoffDoesNotWrapAround(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, one(pool.Options{Max: 4, Backoff: pool.Backoff{Min: math.MaxInt64}}))
	ends := exits(p)
	for range 4 {
		run(t, p, order{Do: "exit"}, nil)
	}
	until(t, l, func() bool { return len(*ends) >= 4 })
	started := p.Stats().Peak
	pass(t, l, 50*time.Millisecond)
	require.Equal(t, started, p.Stats().Peak)
	p.Stop(&pool.StopOptions{JobGrace: -1}, nil)
	require.NoError(t, l.Run())
}

//brood:checks W070
func TestChunksThatAreTakenAreNoResult(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, &pool.Options{Self: "served", Max: 1, MaxResult: 100})
	task, got := runTask(t, p, 300_000, &pool.RunOptions{Method: "write"})
	n := 0
	task.OnChunk(func(p []byte) { n += len(p) })
	until(t, l, settled(got))
	require.Equal(t, 300_000, value[int](got))
	require.Equal(t, 300_000, n)
	paused, got := runTask(t, p, 300_000, &pool.RunOptions{Method: "write"})
	paused.Pause()
	n = 0
	paused.OnChunk(func(p []byte) { n += len(p) })
	other := run(t, p, "other", nil)
	until(t, l, settled(other))
	paused.Resume()
	until(t, l, settled(got))
	require.Equal(t, 300_000, n, "the credit bounds it")
	stop(t, l, p)
}

//brood:checks W074
func TestAnIDInsideAResultIsNotThatOfTheMessage(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, raw(pool.Options{Max: 1, InFlight: 2, MaxResult: 1000}))
	ready(t, l, p, 1)
	other := run(t, p, order{Arg: "other", MS: 50}, nil)
	long := run(t, p, order{Do: "raw", Arg: `{"id":2,"result":{"id":1,"x":"` + strings.Repeat("x", 200_000) + `"}}`}, nil)
	until(t, l, settled(other, long))
	require.ErrorIs(t, long.err, pool.ErrTooLarge)
	require.Equal(t, "other", value[string](other))
	inner := run(t, p, order{Do: "raw", Arg: `{"result":{"id":4,"x":"` + strings.Repeat("x", 200_000) + `"},"id":3}`}, nil)
	last := run(t, p, order{Arg: "last", MS: 600_000}, nil)
	until(t, l, settled(inner, last))
	for _, o := range []*outcome{inner, last} {
		require.ErrorIs(t, o.err, pool.ErrBroken, "whose it is cannot be told")
	}
	stop(t, l, p)
}

//brood:checks W084
func TestALongLineThatIsNoAnswerDoesNoHarm(t *testing.T) {
	l := newLoop(t)
	const script = `read -r line; head -c 300000 /dev/zero | tr '\0' x; echo; echo '{"id":1,"result":"x"}'; read -r line`
	var log bytes.Buffer
	p := newPool(t, l, &pool.Options{
		Module: "-c", ExecPath: "/bin/sh", Args: []string{script}, Protocol: pool.StdLines, Ready: pool.ReadySpawn, Max: 1, MaxResult: 1000,
		Name: "letters", Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	got := run(t, p, 1, nil)
	until(t, l, settled(got))
	require.Equal(t, "x", value[string](got))
	require.Regexp(t, `msg=x{1000,} pool=letters worker=1 `, log.String())
	stop(t, l, p)
}

func TestAWorkerOfAPoolInAWorkerKnowsItsOwnPool(t *testing.T) {
	t.Setenv("BROOD_POOL_WORKER", "77")
	t.Setenv("BROOD_POOL_ATTACH_FD", "9")
	l := newLoop(t)
	p := newPool(t, l, one(pool.Options{Max: 1}))
	number := run(t, p, order{Do: "env", Arg: "BROOD_POOL_WORKER"}, nil)
	attach := run(t, p, order{Do: "env", Arg: "BROOD_POOL_ATTACH_FD"}, nil)
	until(t, l, settled(number, attach))
	require.Equal(t, "1", value[string](number))
	require.Empty(t, value[string](attach))
	stop(t, l, p)
}
