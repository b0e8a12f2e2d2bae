package pool_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/pool"
	"github.com/brood-go/brood/reactor"
)

// attachWorker attaches the bytes of the job, each one more, to its result; if the job asks for it,
// too few, or none.
func attachWorker(l *reactor.Loop, parent *ipc.Channel, args []string) error {
	return pool.Serve(l, parent, pool.Handlers{"": func(_ context.Context, j *pool.Job) (any, error) {
		p := bytes.Clone(j.Attachment())
		for i := range p {
			p[i]++
		}
		return &pool.Reply{Value: len(p), Attach: p}, nil
	}})
}

// nodeAttachWorker is attachWorker in Node.
func nodeAttachWorker(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "brood-worker.cjs"), []byte(pool.NodeHelper()), 0o600))
	path := filepath.Join(dir, "worker.cjs")
	require.NoError(t, os.WriteFile(path, []byte(`
		require('./brood-worker.cjs').serve({'': async (job, {attach, reply}) => {
			const p = Buffer.from(attach ?? []);
			for (let i = 0; i < p.length; i++) p[i]++;
			return reply(p.length, p);
		}});`), 0o600))
	return path
}

//brood:checks W072
func TestAttachmentsGoBothWaysWithoutBase64(t *testing.T) {
	for name, o := range map[string]func(t testing.TB) *pool.Options{
		"go by files of memory": func(testing.TB) *pool.Options { return &pool.Options{Self: "attach", Max: 2} },
		"node by a descriptor": func(t testing.TB) *pool.Options {
			return &pool.Options{Module: nodeAttachWorker(t), ExecPath: looptest.NodePath(t), Attachments: true, Max: 2}
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			p := newPool(t, l, o(t))
			var all []*outcome
			var want [][]byte
			for i, size := range []int{1, 100, 300 << 10, 4 << 20, 1 << 20, 3} {
				data := bytes.Repeat([]byte{byte(i)}, size)
				data[size-1] = 250
				all = append(all, run(t, p, i, &pool.RunOptions{Attach: data}))
				back := bytes.Repeat([]byte{byte(i) + 1}, size)
				back[size-1] = 251
				want = append(want, back)
			}
			none := run(t, p, "none", nil)
			until(t, l, settled(append(all, none)...))
			for i, o := range all {
				require.Equal(t, len(want[i]), value[int](o))
				require.True(t, bytes.Equal(want[i], o.result.Attach), "%d: %d bytes", i, len(o.result.Attach))
			}
			require.Equal(t, 0, value[int](none))
			require.Empty(t, none.result.Attach)
			stop(t, l, p)
		})
	}
}

//brood:checks W072
func TestAJobWithAnAttachmentFailsInAWorkerThatTakesNone(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, raw(pool.Options{Max: 1}))
	got := run(t, p, order{}, &pool.RunOptions{Attach: []byte("x")})
	until(t, l, settled(got))
	require.ErrorIs(t, got.err, pool.ErrAttach)
	plain := run(t, p, order{Arg: "on"}, nil)
	until(t, l, settled(plain))
	require.Equal(t, "on", value[string](plain))
	stop(t, l, p)
}

// The worker of a cancelled job may still read its attachment, but not from the caller's memory.
//
//brood:checks W072
func TestTheAttachmentOfACancelledJobIsNotBorrowedAnyMore(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, &pool.Options{Module: nodeAttachWorker(t), ExecPath: looptest.NodePath(t), Attachments: true, Max: 1, CancelGrace: looptest.HangLimit()})
	data := make([]byte, 8<<20)
	task, first := runTask(t, p, 1, &pool.RunOptions{Attach: data})
	until(t, l, func() bool { return p.Stats().Running == 1 })
	task.Cancel(nil)
	clear(data)
	copy(data, "mine again")
	until(t, l, settled(first))
	second := run(t, p, 2, &pool.RunOptions{Attach: []byte{1, 2, 3}})
	until(t, l, settled(second))
	require.Equal(t, []byte{2, 3, 4}, second.result.Attach, "what follows is not shifted")
	stop(t, l, p)
}

//brood:checks W072
func TestAnAttachmentThatIsTooLongFailsItsJob(t *testing.T) {
	for name, o := range map[string]func(t testing.TB) *pool.Options{
		"go": func(testing.TB) *pool.Options { return &pool.Options{Self: "attach", Max: 1, MaxResult: 1000} },
		"node": func(t testing.TB) *pool.Options {
			return &pool.Options{Module: nodeAttachWorker(t), ExecPath: looptest.NodePath(t), Attachments: true, Max: 1, MaxResult: 1000, KillGrace: time.Millisecond}
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			p := newPool(t, l, o(t))
			got := run(t, p, 1, &pool.RunOptions{Attach: make([]byte, 2000)})
			until(t, l, settled(got))
			require.Error(t, got.err)
			again := run(t, p, 1, &pool.RunOptions{Attach: make([]byte, 10)})
			until(t, l, settled(again))
			require.Equal(t, 10, value[int](again))
			stop(t, l, p)
		})
	}
}

// promiseWorker announces an attachment that it never sends.
const promiseWorker = `process.on('message', ({id}) => process.send({id, result: 1, attach: 5}));`

//brood:checks W030 W072
func TestWaitingForAnAttachmentCountsForTheTimeout(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, &pool.Options{
		Module: promiseWorker, ExecPath: looptest.NodePath(t), Fork: &childprocess.ForkOptions{ExecArgv: []string{"-e"}},
		Attachments: true, Max: 1, Ready: pool.ReadySpawn,
	})
	late := run(t, p, 1, &pool.RunOptions{Timeout: 500 * time.Millisecond})
	task, cancelled := runTask(t, p, 2, nil)
	until(t, l, settled(late))
	require.ErrorIs(t, late.err, pool.ErrTimeout)
	task.Cancel(nil)
	until(t, l, settled(cancelled))
	require.ErrorIs(t, cancelled.err, pool.ErrCancelled)
	dying := run(t, p, 3, nil)
	until(t, l, func() bool { return p.Stats().Busy == 0 && p.Stats().Running == 1 })
	require.True(t, p.Kill(p.Workers()[0].Number))
	until(t, l, settled(dying))
	require.ErrorIs(t, dying.err, pool.ErrAttach)
	stop(t, l, p)
}

// hangWorker reports the attachment as progress, and never answers.
func hangWorker(l *reactor.Loop, parent *ipc.Channel, args []string) error {
	return pool.Serve(l, parent, pool.Handlers{"": func(ctx context.Context, j *pool.Job) (any, error) {
		_ = j.Progress(len(j.Attachment()))
		<-ctx.Done()
		return nil, context.Cause(ctx)
	}})
}

// An attachment goes in the way of the worker that gets it, also if the worker before took another
// way.
//
//brood:checks W062 W072
func TestAReloadToWorkersWithAnotherWayForAttachments(t *testing.T) {
	node := looptest.NodePath(t)
	l := newLoop(t)
	p := newPool(t, l, &pool.Options{Self: "hang", Attachments: true, Max: 1, MaxCrashes: 2})
	task, got := runTask(t, p, 1, &pool.RunOptions{Attach: []byte{1, 2, 3}})
	begun := 0
	task.OnProgress(func(p *pool.Progress) { require.NoError(t, p.Decode(&begun)) })
	until(t, l, func() bool { return begun == 3 })
	old := p.Workers()[0].Number
	done := reload(t, p, &pool.ReloadOptions{Module: nodeAttachWorker(t), ExecPath: node})
	until(t, l, settled(done))
	require.NoError(t, done.err)
	require.True(t, p.Kill(old))
	until(t, l, settled(got))
	require.NoError(t, got.err)
	require.Equal(t, []byte{2, 3, 4}, got.result.Attach)
	stop(t, l, p)
}

func TestDoWithoutAContextIsRefused(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, &pool.Options{Self: "attach", Max: 1})
	got := make(chan error, 1)
	go func() { // It ends with Do. The receive below waits for it.
		got <- p.Do(nil, nil, nil, nil) //lint:ignore SA1012 that is the test
		_ = l.Post(func() { p.Stop(nil, nil) })
	}()
	require.NoError(t, l.Run())
	bad, ok := errors.AsType[*pool.OptionError](<-got)
	require.True(t, ok)
	require.Equal(t, pool.OptionError{Name: "ctx", Reason: "is nil"}, *bad)
	require.Zero(t, p.Stats().Submitted)
}

func TestDoGivesAWholeResult(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, &pool.Options{Self: "attach", Max: 1})
	got := make(chan error, 1)
	var r pool.Result
	go func() { // It ends with Do. The receive below waits for it.
		got <- p.Do(context.Background(), nil, &r, &pool.RunOptions{Attach: []byte("abc")})
		_ = l.Post(func() { p.Stop(nil, nil) })
	}()
	require.NoError(t, l.Run())
	require.NoError(t, <-got)
	require.Equal(t, "bcd", string(r.Attach))
	require.Equal(t, "3", string(r.Raw()))
	require.Equal(t, 1, r.Worker.Number)
	require.Equal(t, 1, r.Runs)
}
