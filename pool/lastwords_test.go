package pool_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/pool"
	"github.com/brood-go/brood/reactor"
)

// panicWorker exits by a panic in a goroutine, after it has printed a line that looks like one.
func panicWorker(l *reactor.Loop, parent *ipc.Channel, _ []string) error {
	return pool.Serve(l, parent, pool.Handlers{"": func(ctx context.Context, _ *pool.Job) (any, error) {
		println("panic: that was long ago")
		go panic(errors.New("no memory")) // It ends with this process.
		<-ctx.Done()
		return nil, ctx.Err()
	}})
}

// A program that crashes prints a trace, so the reason is not the last line.
func TestTheErrorOfACrashHasTheLineThatSaysWhy(t *testing.T) {
	script := func(module string) *pool.Options {
		return &pool.Options{Module: module, ExecPath: "/bin/sh", Fork: &childprocess.ForkOptions{ExecArgv: []string{"-c"}}, Protocol: pool.StdLines, Ready: pool.ReadySpawn}
	}
	node := func(module string) *pool.Options {
		return &pool.Options{
			Module: module, ExecPath: looptest.NodePath(t), Ready: pool.ReadySpawn,
			Fork: &childprocess.ForkOptions{ExecArgv: []string{"-e"}},
		}
	}
	for name, row := range map[string]struct {
		o    *pool.Options
		want string
	}{
		"go":               {&pool.Options{Self: "panic"}, `exit status 2: panic: no memory`},
		"node":             {node(`process.on('message', () => { throw new RangeError('too wide'); })`), `exit status 1: RangeError: too wide`},
		"node, with more":  {node(`process.on('message', () => { throw Object.assign(new Error('too wide'), { code: 'E_WIDE', of: { x: 1 } }); })`), `exit status 1: Error: too wide`},
		"node, a text":     {node(`process.on('message', () => { throw 'a tantrum'; })`), `exit status 1: a tantrum`},
		"node, no error":   {node(`process.on('message', () => { console.error('bye\n\n'); process.exit(4); })`), `exit status 4: bye`},
		"the last line":    {script(`read -r line; echo 'panic: once' >&2; echo 'Node.js v20.20.2' >&2; echo '  the end  ' >&2; exit 3`), `exit status 3: the end`},
		"nothing but that": {script(`read -r line; echo 'Node.js v20.20.2' >&2; exit 3`), `exit status 3: Node.js v20.20.2`},
		"nothing":          {script(`read -r line; exit 3`), `exit status 3`},
		"a long line":      {script(`read -r line; printf '\377%0999d' 1 >&2; exit 3`), "exit status 3: \ufffd0"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			row.o.Max = 1
			p := newPool(t, l, row.o)
			got := run(t, p, 1, nil)
			until(t, l, settled(got))
			crash, ok := errors.AsType[*pool.CrashError](got.err)
			require.True(t, ok, "%v", got.err)
			text := crash.Error()
			if name == "a long line" {
				require.Contains(t, text, row.want)
				require.Less(t, len(text), 400)
				require.Greater(t, len(crash.Crashes[0].Stderr), 999)
			} else {
				require.Regexp(t, `^pool: worker died: worker 1 \(pid \d+\): `+row.want+`$`, text)
			}
			stop(t, l, p)
		})
	}
}

func TestAMissingReadyMessageHasAnErrorOfItsOwn(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, raw(pool.Options{Max: 1, StartTimeout: 20 * time.Millisecond, Fork: with("RAW_READY=never")}))
	got := run(t, p, 1, nil)
	until(t, l, settled(got))
	require.EqualError(t, got.err, "pool: worker 1 does not start: worker is not ready in time: no ready message, for which Options.Ready has it wait")
	require.ErrorIs(t, got.err, pool.ErrStartTimeout)
	require.NoError(t, l.Run())
}
