package pool_test

import (
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/pool"
	"github.com/brood-go/brood/reactor"
)

var workers = childprocess.Workers{"raw": rawWorker, "parent": parentWorker, "http": httpWorker}

func TestMain(m *testing.M) {
	if worker, err := workers.Run(); worker {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if dir := os.Getenv(httpDir); dir != "" {
		if err := serveHTTP(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(leakcheck.Main(m))
}

func newLoop(t testing.TB) *reactor.Loop {
	t.Helper()
	return looptest.NewWith(t, reactor.Options{})
}

// raw returns options for workers that do what their jobs say, see rawWorker.
func raw(o pool.Options) *pool.Options {
	o.Self = "raw"
	return &o
}

// newPool returns a pool that is stopped with the test, as far as that was not done.
func newPool(t testing.TB, l *reactor.Loop, o *pool.Options) *pool.Pool {
	t.Helper()
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler) // Else what workers write to stderr goes to this program's.
	}
	p, err := pool.New(l, o)
	require.NoError(t, err)
	return p
}

// until turns the loop until done says so.
func until(t testing.TB, l *reactor.Loop, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(looptest.HangLimit())
	for !done() {
		require.True(t, time.Now().Before(deadline), "hangs")
		_, err := l.Poll(100 * time.Millisecond)
		require.NoError(t, err)
	}
}

// stop ends the pool and runs the loop to its end.
func stop(t testing.TB, l *reactor.Loop, p *pool.Pool) *pool.StopReport {
	t.Helper()
	var report *pool.StopReport
	p.Stop(nil, func(r *pool.StopReport) { report = r })
	require.NoError(t, l.Run())
	require.NotNil(t, report)
	balanced(t, p)
	return report
}

// balanced checks what is true at any time.
func balanced(t testing.TB, p *pool.Pool) {
	t.Helper()
	s := p.Stats()
	require.Equal(t, s.Submitted, uint64(s.Waiting)+uint64(s.Running)+s.Settled)
	require.Equal(t, s.Settled, s.Succeeded+s.Refused+s.Crashed+s.TimedOut+s.Cancelled+s.Failed)
}

// outcome is what done got.
type outcome struct {
	t      testing.TB
	called int
	result *pool.Result
	err    error
}

// run submits a job and returns where its outcome will be.
func run(t testing.TB, p *pool.Pool, job any, o *pool.RunOptions) *outcome {
	t.Helper()
	_, got := runTask(t, p, job, o)
	return got
}

func runTask(t testing.TB, p *pool.Pool, job any, o *pool.RunOptions) (*pool.Task, *outcome) {
	t.Helper()
	got := &outcome{t: t}
	task, err := p.Run(job, o, func(r *pool.Result, err error) {
		got.called++
		got.result, got.err = r, err
		balanced(t, p)
	})
	require.NoError(t, err)
	require.Zero(t, got.called, "called inside Run")
	balanced(t, p)
	return task, got
}

// value returns the result, of type T.
func value[T any](o *outcome) (v T) {
	o.t.Helper()
	require.Equal(o.t, 1, o.called)
	require.NoError(o.t, o.err)
	require.NoError(o.t, o.result.Decode(&v))
	return v
}

func settled(all ...*outcome) func() bool {
	return func() bool {
		for _, o := range all {
			if o.called == 0 {
				return false
			}
		}
		return true
	}
}

// messageInto decodes the message that comes into v.
func messageInto(t testing.TB, v any) func(*ipc.Message) {
	return func(m *ipc.Message) { require.NoError(t, m.Decode(v)) }
}
