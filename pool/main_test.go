package pool_test

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
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

var workers = childprocess.Workers{"raw": rawWorker, "parent": parentWorker, "http": httpWorker, "attach": attachWorker, "gate": gateWorker, "hang": hangWorker, "echo": echoWorker, "panic": panicWorker}

func TestMain(m *testing.M) {
	maps.Copy(workers, exampleWorkers)
	if worker, err := workers.Run(); worker {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if os.Getenv(framesVariable) != "" {
		answerFrames()
		os.Exit(0)
	}
	if dir := os.Getenv(httpDir); dir != "" {
		if err := serveHTTP(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	// With the race detector, programs sleep for a second at exit. Workers need not.
	if err := os.Setenv("GORACE", os.Getenv("GORACE")+" atexit_sleep_ms=0"); err != nil {
		panic(err)
	}
	os.Exit(leakcheck.Main(m))
}

// The vocabulary of all tests of loops, here by its short names.
var (
	newLoop = looptest.New
	until   = looptest.Until
)

// raw returns options for workers that obey their jobs, see rawWorker.
func raw(o pool.Options) *pool.Options {
	o.Self = "raw"
	if o.Logger == nil {
		// The output of workers would mix with that of the tests.
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &o
}

// one is raw for workers with one job at a time.
func one(o pool.Options) *pool.Options {
	o.InFlight = 1
	return raw(o)
}

// newPool returns a pool that is killed at the end of the test if it was not stopped.
func newPool(t testing.TB, l *reactor.Loop, o *pool.Options) *pool.Pool {
	t.Helper()
	if o.Logger == nil {
		// Without a logger the workers inherit stderr.
		o.Logger = slog.New(slog.DiscardHandler)
	}
	p, err := pool.New(l, o)
	require.NoError(t, err)
	return p
}

// stop stops the pool and turns the loop until nothing keeps it alive.
func stop(t testing.TB, l *reactor.Loop, p *pool.Pool) *pool.StopReport {
	t.Helper()
	var report *pool.StopReport
	p.Stop(nil, func(r *pool.StopReport) { report = r })
	require.NoError(t, l.Run())
	require.NotNil(t, report)
	balanced(t, p)
	return report
}

// balanced checks the invariants of Stats and of the fields.
func balanced(t testing.TB, p *pool.Pool) {
	t.Helper()
	s := p.Stats()
	require.Equal(t, s.Submitted, uint64(s.Waiting)+uint64(s.Running)+s.Settled)
	require.Equal(t, s.Settled, s.Succeeded+s.Refused+s.Crashed+s.TimedOut+s.Cancelled+s.Failed)
	require.NoError(t, pool.Broken(p))
}

// outcome has the arguments of done.
type outcome struct {
	t      testing.TB
	called int
	result *pool.Result
	err    error
}

// run submits a job. done sets the fields of the outcome.
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

// messageInto returns a listener that decodes its message into v.
func messageInto(t testing.TB, v any) func(*ipc.Message) {
	return func(m *ipc.Message) { require.NoError(t, m.Decode(v)) }
}

// env adds variables to the environment of the workers.
func env(o *pool.Options, more ...string) *pool.Options {
	o.Fork = &childprocess.ForkOptions{}
	o.Fork.Env = append(os.Environ(), more...)
	return o
}

// ready turns the loop until n workers are ready and idle.
func ready(t testing.TB, l *reactor.Loop, p *pool.Pool, n int) {
	t.Helper()
	until(t, l, func() bool { return p.Stats().Idle == n })
}

// exits collects the exits of a pool's workers.
func exits(p *pool.Pool) *[]*pool.WorkerExit {
	all := new([]*pool.WorkerExit)
	p.OnWorkerExit(func(e *pool.WorkerExit) { *all = append(*all, e) })
	return all
}

// pass turns the loop for d, in which the test expects that something does not happen.
func pass(t testing.TB, l *reactor.Loop, d time.Duration) {
	t.Helper()
	over := false
	l.SetTimeout(d, func() { over = true })
	until(t, l, func() bool { return over })
}

// journalFile is a file to which workers add the Arg of each job that they begin.
type journalFile struct {
	t    testing.TB
	name string
}

func newJournalFile(t testing.TB) journalFile {
	return journalFile{t, filepath.Join(t.TempDir(), "journal")}
}

func (g journalFile) env() string { return "RAW_JOURNAL=" + g.name }

// begun returns how often a job with that Arg was begun.
func (g journalFile) begun(arg string) int {
	g.t.Helper()
	return countLines(g.t, g.name, arg)
}

// countLines returns how many lines of a file are the given one; 0 if there is no file.
func countLines(t require.TestingT, name, line string) (n int) {
	text, err := os.ReadFile(name)
	if !errors.Is(err, fs.ErrNotExist) {
		require.NoError(t, err)
	}
	for other := range strings.Lines(string(text)) {
		if strings.TrimSuffix(other, "\n") == line {
			n++
		}
	}
	return n
}
