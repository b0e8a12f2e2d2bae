package pool_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/pool"
)

// with returns fork options with more variables in the environment.
func with(env ...string) *childprocess.ForkOptions {
	return &childprocess.ForkOptions{Options: childprocess.Options{Env: append(os.Environ(), env...)}}
}

// shell writes a program for /bin/sh and returns its path.
func shell(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "worker.sh")
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o700))
	return path
}

//brood:checks W010
func TestNoJobIsSentBeforeTheWorkerIsReady(t *testing.T) {
	g := newGate(t)
	path := shell(t, `read -r go <`+g.path+`
		echo '{"ready":true}' >&3
		while read -r line <&3; do
			id=${line#*:}; id=${id%%,*}
			echo "{\"id\":$id,\"result\":\"gone\"}" >&3
		done`)
	l := newLoop(t)
	p := newPool(t, l, &pool.Options{Module: path, Protocol: pool.Lines, Max: 1})
	got := run(t, p, "x", nil)
	until(t, l, func() bool { return p.Stats().Starting == 1 && p.Workers()[0].Pid > 0 })
	require.Equal(t, 1, p.Stats().Waiting, "spawned is not ready")
	g.open()
	until(t, l, settled(got))
	require.Equal(t, "gone", value[string](got))
	stop(t, l, p)
}

//brood:checks W010
func TestProgramsThatKnowNoPoolAreReadyOnSpawnOrTheirFirstMessage(t *testing.T) {
	node := looptest.NodePath(t)
	const echo = `process.on('message', async ({id, method, job}) => process.send({id, result: [method, job]}));`
	for _, row := range []struct {
		name   string
		ready  pool.Ready
		script string
	}{
		{"spawn", pool.ReadySpawn, echo},
		{"first", pool.ReadyFirst, echo + `process.send('ready');`},
	} {
		t.Run(row.name, func(t *testing.T) {
			l := newLoop(t)
			p := newPool(t, l, &pool.Options{
				Module: row.script, ExecPath: node, Max: 1, Ready: row.ready,
				Fork: &childprocess.ForkOptions{ExecArgv: []string{"-e"}},
			})
			got := run(t, p, map[string]int{"a": 1}, &pool.RunOptions{Method: "m"})
			until(t, l, settled(got))
			require.Equal(t, []any{"m", map[string]any{"a": 1.0}}, value[[]any](got))
			require.Empty(t, stop(t, l, p).Forced)
		})
	}
}

//brood:checks W010
func TestAReadyMessageThatComesLaterCounts(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, &pool.Options{Self: "served", Max: 1, Ready: pool.ReadySpawn})
	task, writing := runTask(t, p, 3<<20, &pool.RunOptions{Method: "write"})
	got := 0
	task.OnChunk(func(p []byte) { got += len(p) })
	other := run(t, p, "other", nil)
	until(t, l, settled(other))
	require.Equal(t, "other", value[string](other), "it has two at once")
	until(t, l, settled(writing))
	require.Equal(t, 3<<20, value[int](writing), "it was given credit")
	require.Equal(t, 3<<20, got)
	stop(t, l, p)
}

//brood:checks W010
func TestAFirstMessageAnswersNoJob(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, env(one(pool.Options{Max: 1, Ready: pool.ReadyFirst}), `RAW_READY={"id":1,"result":"not asked for"}`))
	got := run(t, p, order{Arg: "x"}, nil)
	until(t, l, settled(got))
	require.Equal(t, "x", value[string](got))
	require.Zero(t, p.Stats().Garbage)
	stop(t, l, p)
}

//brood:checks W011
func TestAWorkerThatIsNotReadyInTimeIsKilledAndAFailedStart(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, raw(pool.Options{Max: 1, StartTimeout: 50 * time.Millisecond, Fork: with("RAW_READY=never")}))
	var exit *pool.WorkerExit
	p.OnWorkerExit(func(e *pool.WorkerExit) { exit = e })
	var told error
	p.OnError(func(err error) { told = err })
	got := run(t, p, 1, nil)
	until(t, l, settled(got))
	require.ErrorIs(t, got.err, pool.ErrStartTimeout)
	require.ErrorIs(t, got.err, os.ErrDeadlineExceeded)
	require.Same(t, told, got.err)
	require.NoError(t, l.Run())
	require.Equal(t, pool.ExitStartFailed, exit.Reason)
	require.True(t, exit.Forced)
	require.ErrorIs(t, exit.Err, pool.ErrStartTimeout)
}

//brood:checks W012
func TestReadySaysVersionMethodsAndConcurrency(t *testing.T) {
	t.Run("another version is refused by name", func(t *testing.T) {
		for ready, want := range map[string]string{
			`{"ready":{"version":2}}`: "pool: worker 1 does not start: worker speaks version 2 of the protocol, not 1",
			`{"ready":{}}`:            "pool: worker 1 does not start: worker speaks version without a number of the protocol, not 1",
			`{"ready":{"version":"` + strings.Repeat("9", 1000) + `"}}`: `pool: worker 1 does not start: worker speaks version "999999999999999 of the protocol, not 1`,
		} {
			l := newLoop(t)
			p := newPool(t, l, raw(pool.Options{Max: 1, Fork: with("RAW_READY=" + ready)}))
			got := run(t, p, 1, nil)
			until(t, l, settled(got))
			require.EqualError(t, got.err, want)
			_, isVersion := errors.AsType[*pool.VersionError](got.err)
			require.True(t, isVersion)
			require.NoError(t, l.Run())
		}
	})
	t.Run("what is no such message", func(t *testing.T) {
		for _, ready := range []string{`{"ready":1}`, `{"ready":"yes"}`, `{"ready":{"version":1,"methods":3}}`, `{"ready":{"version":1,"concurrency":-1}}`} {
			l := newLoop(t)
			p := newPool(t, l, raw(pool.Options{Max: 1, Fork: with("RAW_READY=" + ready)}))
			got := run(t, p, 1, nil)
			until(t, l, settled(got))
			require.Error(t, got.err, ready)
			_, isStart := errors.AsType[*pool.StartError](got.err)
			require.True(t, isStart, "%v", got.err)
			require.NoError(t, l.Run())
		}
	})
	t.Run("methods", func(t *testing.T) {
		l := newLoop(t)
		p := newPool(t, l, raw(pool.Options{Max: 1, Fork: with(`RAW_READY={"ready":{"version":1,"methods":["a"],"future":[1]}}`)}))
		a, b := run(t, p, order{}, &pool.RunOptions{Method: "a"}), run(t, p, order{}, &pool.RunOptions{Method: "b"})
		until(t, l, settled(a, b))
		require.Equal(t, "", value[string](a))
		require.ErrorIs(t, b.err, pool.ErrMethod)
		stop(t, l, p)
	})
	t.Run("concurrency", func(t *testing.T) {
		for _, row := range []struct{ says, inFlight, want int }{{3, 0, 3}, {3, 2, 2}, {3, 9, 3}, {0, 2, 2}, {0, 0, 1}} {
			l := newLoop(t)
			p := newPool(t, l, raw(pool.Options{
				Max: 1, InFlight: row.inFlight, Fork: with(fmt.Sprintf(`RAW_READY={"ready":{"version":1,"concurrency":%d}}`, row.says)),
			}))
			var all []*outcome
			for range 10 {
				all = append(all, run(t, p, order{MS: 1}, nil))
			}
			until(t, l, func() bool { return p.Stats().Running > 0 })
			require.Equal(t, row.want, p.Stats().Running, "%+v", row)
			until(t, l, settled(all...))
			stop(t, l, p)
		}
	})
}

//brood:checks W013
func TestFailedStartsBeforeAnyWorkerWasReadyFailThePool(t *testing.T) {
	t.Run("exits", func(t *testing.T) {
		l := newLoop(t)
		p := newPool(t, l, raw(pool.Options{Max: 2, Fork: with("RAW_READY=exit")}))
		a, b := run(t, p, 1, nil), run(t, p, 2, &pool.RunOptions{Key: "k"})
		until(t, l, settled(a, b))
		start, ok := errors.AsType[*pool.StartError](a.err)
		require.True(t, ok, "%v", a.err)
		require.Equal(t, 7, start.Status.Code)
		require.Equal(t, "cannot open config\n", string(start.Stderr))
		require.Regexp(t, `^pool: worker \d does not start: exit status 7: cannot open config$`, start.Error())
		require.Same(t, a.err, b.err)
		_, err := p.Run(1, nil, func(*pool.Result, error) { t.Error("called") })
		require.Same(t, a.err, err)
		require.Same(t, a.err, p.Healthy())
		require.NoError(t, l.Run(), "nothing is left that keeps the loop alive")
		require.LessOrEqual(t, p.Stats().Peak, 2, "no more were tried")
		stop(t, l, p)
	})
	t.Run("does not exist", func(t *testing.T) {
		l := newLoop(t)
		p := newPool(t, l, &pool.Options{Module: "/nonexistent/worker", Max: 3})
		got := run(t, p, 1, nil)
		until(t, l, settled(got))
		require.ErrorIs(t, got.err, fs.ErrNotExist)
		_, ok := errors.AsType[*childprocess.SpawnError](got.err)
		require.True(t, ok)
		require.NoError(t, l.Run())
	})
}

//brood:checks W013
func TestLaterFailedStartsBackOff(t *testing.T) {
	dir := t.TempDir()
	broken := filepath.Join(dir, "broken")
	path := shell(t, `if [ -e `+broken+` ]; then echo broken >&2; exit 3; fi
		echo '{"ready":true}' >&3
		read -r line <&3
		touch `+broken+`
		exit 4`)
	l := newLoop(t)
	p := newPool(t, l, &pool.Options{Module: path, Protocol: pool.Lines, Max: 1, Backoff: pool.Backoff{Min: 10 * time.Millisecond, Max: 20 * time.Millisecond}})
	var errs []error
	p.OnError(func(err error) { errs = append(errs, err) })
	first := run(t, p, 1, nil)
	until(t, l, settled(first))
	second := run(t, p, 2, nil)
	until(t, l, func() bool { return len(errs) >= 3 })
	for _, err := range errs {
		start, ok := errors.AsType[*pool.StartError](err)
		require.True(t, ok, "%v", err)
		require.Equal(t, 3, start.Status.Code)
	}
	require.Zero(t, second.called, "it waits")
	require.NoError(t, os.Remove(broken))
	until(t, l, settled(second))
	crash, ok := errors.AsType[*pool.CrashError](second.err)
	require.True(t, ok, "%v", second.err)
	require.Equal(t, 4, crash.Crashes[0].Status.Code)
	stop(t, l, p)
}

//brood:checks W014
func TestOnlySoManyStartAtOnce(t *testing.T) {
	l := newLoop(t)
	g := newGate(t)
	path := shell(t, `read -r go <`+g.path+`; echo '{"ready":true}' >&3; read -r line <&3`)
	p := newPool(t, l, &pool.Options{Module: path, Protocol: pool.Lines, Max: 5, Starting: 2})
	most := 0
	for range 5 {
		until(t, l, func() bool { return p.Stats().Starting > 0 })
		ready := p.Stats().Idle
		most = max(most, p.Stats().Starting)
		g.open()
		until(t, l, func() bool { most = max(most, p.Stats().Starting); return p.Stats().Idle > ready })
	}
	require.Equal(t, 2, most)
	require.Equal(t, 5, p.Stats().Idle)
	stop(t, l, p)
}

//brood:checks W014
func TestAHungStartDelaysNoJob(t *testing.T) {
	l := newLoop(t)
	marker := filepath.Join(t.TempDir(), "marker")
	// The first one hangs, the others do not.
	path := shell(t, `if mkdir `+marker+` 2>/dev/null; then exec sleep 1000; fi
		echo '{"ready":true}' >&3
		while read -r line <&3; do id=${line#*:}; id=${id%%,*}; echo "{\"id\":$id}" >&3; done`)
	p := newPool(t, l, &pool.Options{Module: path, Protocol: pool.Lines, Max: 2, Starting: 2, KillGrace: -1, DisconnectGrace: -1})
	until(t, l, func() bool { return p.Stats().Idle == 1 })
	for range 10 {
		got := run(t, p, 1, nil)
		until(t, l, settled(got))
		require.NoError(t, got.err)
	}
	require.Equal(t, 1, p.Stats().Starting)
	stop(t, l, p)
}
