package pool_test

import (
	"context"

	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/pool"
	"github.com/brood-go/brood/reactor"
)

// gateWorker answers each job with its pid. If the job is not "go", it is the path of a fifo, for
// whose writer the worker waits first.
func gateWorker(l *reactor.Loop, parent *ipc.Channel, args []string) error {
	return pool.Serve(l, parent, pool.Handlers{"": func(ctx context.Context, j *pool.Job) (any, error) {
		var path string
		if err := j.Decode(&path); err != nil {
			return nil, err
		}
		if path != "go" {
			f, err := os.Open(path) // Opening a fifo waits for a writer.
			if err != nil {
				return nil, err
			}
			_ = f.Close()
		}
		return os.Getpid(), nil
	}})
}

// A job that was sent ahead goes to an idle worker, unless it is begun.
//
//brood:checks W020 W022
func TestAJobSentAheadGoesToAnIdleWorker(t *testing.T) {
	for _, kind := range []string{"go", "node"} {
		t.Run(kind, func(t *testing.T) {
			l := newLoop(t)
			o := &pool.Options{Self: "gate", Max: 2, Ahead: 2}
			if kind == "node" {
				node := looptest.NodePath(t)
				dir := t.TempDir()
				require.NoError(t, pool.WriteNodeHelper(filepath.Join(dir, "brood-worker.cjs")))
				path := filepath.Join(dir, "worker.cjs")
				require.NoError(t, os.WriteFile(path, []byte(`
					const { readFile } = require('node:fs/promises');
					require('./brood-worker.cjs').serve({'': async (job) => { if (job !== 'go') await readFile(job); return process.pid; }});`), 0o600))
				o = &pool.Options{Module: path, ExecPath: node, Max: 2, Ahead: 2}
			}
			p := newPool(t, l, o)
			ready(t, l, p, 2)
			gates := []*gate{newGate(t), newGate(t)}
			for _, g := range gates {
				require.NoError(t, g.file.Close())
			}
			a, b := run(t, p, gates[0].path, nil), run(t, p, gates[1].path, nil)
			var ahead []*outcome
			for range 4 {
				ahead = append(ahead, run(t, p, "go", nil))
			}
			require.Zero(t, p.Stats().Waiting, "all were sent")
			openForWrite(t, gates[1].path)
			until(t, l, settled(append(ahead, b)...))
			require.Zero(t, a.called)
			for _, o := range ahead {
				require.Equal(t, value[int](b), value[int](o), "by the worker that was not held up")
				require.Equal(t, 1, o.result.Runs)
			}
			openForWrite(t, gates[0].path)
			until(t, l, settled(a))
			require.NotEqual(t, value[int](b), value[int](a))
			stop(t, l, p)
		})
	}
}

//brood:checks W060
func TestAStopStartsNoWorkerForJobsThatComeBack(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, &pool.Options{Self: "gate", Max: 2, Ahead: 2})
	ready(t, l, p, 2)
	gates := []*gate{newGate(t), newGate(t)}
	var all []*outcome
	for _, g := range gates {
		require.NoError(t, g.file.Close())
		all = append(all, run(t, p, g.path, nil))
	}
	for range 4 {
		all = append(all, run(t, p, "go", nil))
	}
	p.Stop(nil, nil)
	openForWrite(t, gates[1].path)
	until(t, l, settled(all[1:]...))
	require.Zero(t, all[0].called)
	openForWrite(t, gates[0].path)
	stop(t, l, p)
	for _, o := range all {
		require.NoError(t, o.err)
	}
	require.Equal(t, 2, p.Stats().Peak)
}

// A worker is kept free for a suspect, and another one gets a job ahead. When the suspect is
// cancelled, the first worker may have that job.
//
//brood:checks W020
func TestAWorkerKeptFreeForACancelledSuspectGetsAJobSentAhead(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, &pool.Options{Self: "gate", Max: 3, Ahead: 1, Retries: 1})
	ready(t, l, p, 3)
	gates := []*gate{newGate(t), newGate(t), newGate(t)}
	for _, g := range gates {
		require.NoError(t, g.file.Close())
	}
	suspect, cancelled := runTask(t, p, gates[0].path, nil)
	first, _ := suspect.Worker()
	b, gotB := runTask(t, p, gates[1].path, nil)
	_, gotC := runTask(t, p, gates[2].path, nil)
	var ahead *outcome
	reserved, behind := 1, 2 // gates
	p.OnWorkerExit(func(e *pool.WorkerExit) {
		if e.Worker == first && ahead == nil {
			require.Equal(t, 1, p.Stats().Waiting)
			var job *pool.Task
			job, ahead = runTask(t, p, "go", nil)
			require.Equal(t, 1, p.Stats().Waiting, "the job was sent")
			to, _ := job.Worker()
			if of, _ := b.Worker(); of == to {
				reserved, behind = 2, 1
			}
			suspect.Cancel(nil)
			require.NoError(t, p.Resize(2, 2)) // No other worker becomes idle.
		}
	})
	require.True(t, p.Kill(first.Number))
	until(t, l, settled(cancelled))
	openForWrite(t, gates[reserved].path)
	until(t, l, settled(ahead))
	openForWrite(t, gates[behind].path)
	until(t, l, settled(gotB, gotC))
	stop(t, l, p)
}

func openForWrite(t testing.TB, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	require.NoError(t, err)
	require.NoError(t, f.Close())
}
