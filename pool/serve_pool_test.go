package pool_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/pool"
	"github.com/brood-go/brood/reactor"
)

func init() {
	// served [onloop] is a worker of a real pool.
	workers["served"] = func(l *reactor.Loop, parent *ipc.Channel, args []string) error {
		all := handlers()
		all["write"] = func(_ context.Context, j *pool.Job) (any, error) {
			var n int64
			if err := j.Decode(&n); err != nil {
				return nil, err
			}
			written, err := io.Copy(j, io.LimitReader(newSource("random"), n))
			if err == nil {
				err = j.Progress("written")
			}
			return written, err
		}
		return pool.ServeWith(l, parent, all, &pool.ServeOptions{Concurrency: 2, OnLoop: len(args) > 0})
	}
}

// nodeServed is a worker in Node that has some of the same methods.
func nodeServed(t testing.TB) *pool.Options {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, pool.WriteNodeHelper(filepath.Join(dir, "brood-worker.cjs")))
	path := filepath.Join(dir, "worker.cjs")
	require.NoError(t, os.WriteFile(path, []byte(`
		require('./brood-worker.cjs').serve({
			'': (job) => job,
			about: (job, { id, method, attempt }) => [id, method, attempt, +process.env.BROOD_POOL_WORKER, +process.env.BROOD_POOL_GENERATION],
			wait: (_, { progress, signal }) => { progress('begun');
				return new Promise((_, no) => signal.addEventListener('abort', () => no(signal.reason))); },
			fail: () => { throw Object.assign(new Error('bad luck'), { code: 'ELUCK' }); },
			write: async (n, { write, progress }) => {
				for (let i = 0; i < n; i += 65536) await write(Buffer.alloc(Math.min(65536, n - i), 'x'));
				progress('written'); return n; },
			retire: (_, { retire }) => { retire(); return 'bye'; },
		}, { concurrency: 2 });`), 0o600))
	return &pool.Options{Module: path, ExecPath: looptest.NodePath(t)}
}

// eachServed runs fn with a pool of one worker, in Go and in Node.
func eachServed(t *testing.T, fn func(t *testing.T, l *reactor.Loop, p *pool.Pool)) {
	t.Helper()
	for name, options := range map[string]func(testing.TB) *pool.Options{
		"go":   func(testing.TB) *pool.Options { return &pool.Options{Self: "served"} },
		"node": nodeServed,
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			o := options(t)
			// A worker that misses a cancel is in Forced before the test hangs.
			o.Max, o.CancelGrace = 1, looptest.HangLimit()/6
			p := newPool(t, l, o)
			var complaints []error
			p.OnError(func(err error) { complaints = append(complaints, err) })
			fn(t, l, p)
			require.Empty(t, stop(t, l, p).Forced)
			require.Empty(t, complaints)
		})
	}
}

//brood:checks W080 W081
func TestAPoolsJobsAreServed(t *testing.T) {
	eachServed(t, func(t *testing.T, l *reactor.Loop, p *pool.Pool) {
		var all []*outcome
		for i := range 100 {
			all = append(all, run(t, p, map[string]any{"n": i}, nil))
		}
		about := run(t, p, 1, &pool.RunOptions{Method: "about"})
		no := run(t, p, "text", &pool.RunOptions{Method: "fail"})
		until(t, l, settled(append(all, about, no)...))
		for i, o := range all {
			require.Equal(t, map[string]int{"n": i}, value[map[string]int](o))
		}
		got := value[[]any](about)
		require.Equal(t, []any{"about", 1., 1., 1.}, got[1:5])
		e, ok := errors.AsType[*pool.JobError](no.err)
		require.True(t, ok, "%v", no.err)
		require.Equal(t, "bad luck", e.Message)
	})
}

//brood:checks W070
func TestASlowConsumerStopsOneJobOnly(t *testing.T) {
	eachServed(t, func(t *testing.T, l *reactor.Loop, p *pool.Pool) {
		const size = 3_000_001
		task, writing := runTask(t, p, size, &pool.RunOptions{Method: "write"})
		got, progress := 0, ""
		task.Pause()
		task.OnChunk(func(chunk []byte) { got += len(chunk) })
		task.OnProgress(func(m *pool.Progress) { progress = string(m.Raw()) })
		for range 20 {
			other := run(t, p, "other", nil)
			until(t, l, settled(other))
		}
		require.Zero(t, got)
		require.Zero(t, writing.called)
		task.Resume()
		until(t, l, settled(writing))
		require.Equal(t, size, value[int](writing))
		require.Equal(t, size, got)
		require.Equal(t, `"written"`, progress)
	})
}

//brood:checks W032
func TestACancelledJobIsAnsweredAndItsWorkerKept(t *testing.T) {
	eachServed(t, func(t *testing.T, l *reactor.Loop, p *pool.Pool) {
		begun := false
		task, waiting := runTask(t, p, "never", &pool.RunOptions{Method: "wait"})
		task.OnProgress(func(*pool.Progress) { begun = true })
		until(t, l, func() bool { return begun })
		task.Cancel(errors.New("too slow"))
		until(t, l, settled(waiting))
		require.ErrorIs(t, waiting.err, pool.ErrCancelled)
		after := run(t, p, nil, &pool.RunOptions{Method: "about"})
		until(t, l, settled(after))
		require.Equal(t, 1., value[[]any](after)[3], "the same worker")
	})
}

//brood:checks W071
func TestAWorkerThatEndsItsCancelledStreamIsKept(t *testing.T) {
	eachServed(t, func(t *testing.T, l *reactor.Loop, p *pool.Pool) {
		task, writing := runTask(t, p, 50_000_000, &pool.RunOptions{Method: "write"})
		got := 0
		task.OnChunk(func(chunk []byte) {
			if got += len(chunk); got > 2_000_000 {
				task.Cancel(nil)
			}
		})
		until(t, l, settled(writing))
		require.ErrorIs(t, writing.err, pool.ErrCancelled)
		after := run(t, p, nil, &pool.RunOptions{Method: "about"})
		until(t, l, settled(after))
		require.Equal(t, 1., value[[]any](after)[3], "the same worker")
	})
}

//brood:checks W048
func TestAWorkerThatRetiresIsReplaced(t *testing.T) {
	eachServed(t, func(t *testing.T, l *reactor.Loop, p *pool.Pool) {
		var reasons []pool.ExitReason
		p.OnWorkerExit(func(e *pool.WorkerExit) {
			reasons = append(reasons, e.Reason)
			require.True(t, e.Status.Success(), "%s", e.Status)
		})
		bye := run(t, p, nil, &pool.RunOptions{Method: "retire"})
		until(t, l, settled(bye))
		require.Equal(t, "bye", value[string](bye))
		until(t, l, func() bool { return len(reasons) > 0 })
		require.Equal(t, pool.ExitRetired, reasons[0])
		after := run(t, p, nil, &pool.RunOptions{Method: "about"})
		until(t, l, settled(after))
		require.Equal(t, 2., value[[]any](after)[3])
	})
}

//brood:checks W062
func TestServedWorkersAreReloadedInOrder(t *testing.T) {
	eachServed(t, func(t *testing.T, l *reactor.Loop, p *pool.Pool) {
		var all []*outcome
		reloaded := 0
		more := func() { all = append(all, run(t, p, len(all), nil)) }
		for range 20 {
			more()
		}
		require.NoError(t, p.Reload(nil, func(err error) { require.NoError(t, err); reloaded++ }))
		until(t, l, func() bool {
			if len(all) < 500 {
				more()
			}
			return reloaded == 1 && settled(all...)()
		})
		for i, o := range all {
			require.Equal(t, i, value[int](o))
		}
		about := run(t, p, nil, &pool.RunOptions{Method: "about"})
		until(t, l, settled(about))
		require.Equal(t, 2., value[[]any](about)[4], "the generation")
	})
}

// This is the path without goroutines.
//
//brood:checks W080
func TestAPoolsJobsAreServedOnTheLoop(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, &pool.Options{Self: "served", Args: []string{"onloop"}, Max: 2, Ahead: 4})
	var all []*outcome
	for i := range 500 {
		all = append(all, run(t, p, i, nil))
	}
	panics := run(t, p, "panic", &pool.RunOptions{Method: "fail"})
	big := run(t, p, strings.Repeat("x", 1<<20), nil)
	until(t, l, settled(append(all, panics, big)...))
	for i, o := range all {
		require.Equal(t, i, value[int](o))
	}
	require.Len(t, value[string](big), 1<<20)
	e, ok := errors.AsType[*pool.JobError](panics.err)
	require.True(t, ok, "%v", panics.err)
	require.Contains(t, e.Stack, "handlers.func")
	stop(t, l, p)
}

// A result is encoded on the goroutine of its handler.
func TestLargeResultsComeWholeWhileOthersAreServed(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, &pool.Options{Self: "served", Max: 1})
	text := strings.Repeat("0123456789", 2<<20)
	large := run(t, p, text, nil)
	small := 0
	until(t, l, func() bool {
		if large.called == 0 {
			other := run(t, p, small, nil)
			until(t, l, settled(other))
			small++
		}
		return large.called > 0
	})
	require.True(t, text == value[string](large))
	require.Positive(t, small)
	stop(t, l, p)
}
