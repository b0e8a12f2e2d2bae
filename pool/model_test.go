package pool_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/pool"
	"github.com/brood-go/brood/reactor"
)

// TestWhateverHappensEveryTaskSettlesOnce runs a pool through random histories. BROOD_POOL_CHECKS
// is their number.
//
//brood:checks W002
func TestWhateverHappensEveryTaskSettlesOnce(t *testing.T) {
	checks := os.Getenv("BROOD_POOL_CHECKS")
	if checks == "" {
		checks = "20"
	}
	setFlag(t, "rapid.checks", checks)
	setFlag(t, "rapid.steps", "40")
	setFlag(t, "rapid.nofailfile", "true")
	dir := t.TempDir()
	outer := t
	rapid.Check(t, func(t *rapid.T) {
		before := leakcheck.FDs()
		m := newModel(t, dir)
		defer m.clean(outer)
		t.Repeat(map[string]func(*rapid.T){
			"run": m.run, "run more": m.run, "cancel": m.cancel, "end a context": m.endContext, "broadcast": m.broadcast,
			"signal a worker": m.signal, "kill": m.kill, "reload": m.reload, "resize": m.resize, "change starts": m.changeStarts,
			"turn": m.turn, "turn more": m.turn, "": m.check,
		})
		m.finish()
		left := leakcheck.FDs()
		// The goroutines of an earlier test may close its descriptors only now.
		maps.DeleteFunc(left, func(fd int, target string) bool { return before[fd] == target })
		require.Empty(t, left, "descriptors that the history left open")
	})
}

// setFlag sets a flag until the end of the test.
func setFlag(t *testing.T, name, value string) {
	t.Helper()
	before := flag.Lookup(name).Value.String()
	require.NoError(t, flag.Set(name, value))
	t.Cleanup(func() { require.NoError(t, flag.Set(name, before)) })
}

// model is a pool and the history of operations on it.
type model struct {
	t       *rapid.T
	loop    *reactor.Loop
	pool    *pool.Pool
	o       *pool.Options
	start   string // the file RAW_START
	journal journalFile

	began      time.Time
	history    []string
	tasks      []*modelTask
	broadcasts int // whose done was not called
	reloads    int
	pids       map[int]bool
	report     *pool.StopReport
	reports    int

	// Causes of outcomes.
	killed, looped, drops bool
	timeouts              int // workers that were killed for a job over its time
	failed                *pool.StartError
}

// modelTask is a task and the operations on it.
type modelTask struct {
	job     order
	o       pool.RunOptions
	retries int
	timeout time.Duration
	task    *pool.Task
	since   time.Time
	asked   []error // causes given to Cancel
	end     context.CancelCauseFunc
	chunks  string
	heard   bool // it has a listener for chunks
	calls   int
	result  *pool.Result
	err     error
}

func newModel(t *rapid.T, dir string) *model {
	l, err := reactor.New(looptest.Options())
	require.NoError(t, err)
	dir, err = os.MkdirTemp(dir, "")
	require.NoError(t, err)
	m := &model{t: t, loop: l, began: time.Now(), pids: map[int]bool{}, start: filepath.Join(dir, "start"), journal: journalFile{nil, filepath.Join(dir, "log")}}
	m.setStart("")
	pick := func(name string, low, high int) int { return rapid.IntRange(low, high).Draw(t, name) }
	ms := func(name string, of ...time.Duration) time.Duration {
		return rapid.SampledFrom(of).Draw(t, name) * time.Millisecond
	}
	m.o = env(raw(pool.Options{
		Max: pick("Max", 1, 4), InFlight: pick("InFlight", 1, 2), Ahead: pick("Ahead", 0, 2), Retries: pick("Retries", 0, 1),
		Order: pool.Order(pick("Order", 0, 2)), CrashLoop: pool.CrashLoopPolicy(pick("CrashLoop", 0, 1)), MaxJobs: 5 * pick("MaxJobs", 0, 1),
		Timeout: 300 * time.Millisecond, CancelGrace: ms("CancelGrace", 10, 50), KillGrace: ms("KillGrace", -1, 40),
		IdleTimeout: ms("IdleTimeout", 0, 30), PingInterval: ms("PingInterval", 0, 40), StuckAfter: ms("StuckAfter", 0, 10),
		DisconnectGrace: ms("DisconnectGrace", 100), StartTimeout: ms("StartTimeout", 1000),
		Backoff: pool.Backoff{Min: time.Millisecond, Max: 20 * time.Millisecond},
	}), "RAW_START="+m.start, m.journal.env(), "RAW_SERIAL=1")
	m.o.Min = pick("Min", -1, m.o.Max)
	m.pool, err = pool.New(l, m.o)
	require.NoError(t, err)
	m.pool.OnWorkerReady(func(w pool.Worker) {
		m.note("ready %+v", w)
		m.pids[w.Pid] = true
		m.check(t)
	})
	m.pool.OnWorkerExit(func(e *pool.WorkerExit) {
		m.note("exit %+v %s %s %v", e.Worker, e.Reason, e.Status, e.Err)
		if e.Reason == pool.ExitTimeout {
			m.timeouts++
		}
		m.check(t)
	})
	m.pool.OnDrain(func() { m.check(t) })
	m.pool.OnStuck(func(*pool.Task) { m.check(t) })
	m.pool.OnCrashLoop(func(*pool.CrashLoopError) { m.looped = true; m.check(t) })
	m.pool.OnError(func(err error) {
		if e, ok := errors.AsType[*pool.StartError](err); ok && m.failed == nil {
			m.failed = e // The pool may go on; Run tells.
		}
		m.check(t)
	})
	// Otherwise starts may fail before any worker was ready, which stops the pool.
	if rapid.IntRange(0, 7).Draw(t, "wait") > 0 {
		first := &modelTask{job: order{Do: "echo", Arg: "first"}, timeout: m.o.Timeout, retries: m.o.Retries, since: time.Now()}
		m.submit(first)
		for deadline := time.Now().Add(looptest.HangLimit()); first.calls == 0; {
			require.True(t, time.Now().Before(deadline), "hangs")
			m.poll()
		}
	}
	return m
}

// poll turns the loop once.
func (m *model) poll() {
	_, err := m.loop.Poll(10 * time.Millisecond)
	require.NoError(m.t, err)
	m.check(m.t)
}

// clean removes the pool after a failure and logs its history, because the timing of a history
// cannot be repeated.
func (m *model) clean(t *testing.T) {
	if m.t.Failed() {
		t.Logf("%+v\n%s", m.o, strings.Join(m.history, "\n"))
	}
	_ = m.loop.Close()
}

// note adds a line to the history.
func (m *model) note(format string, a ...any) {
	m.history = append(m.history, fmt.Sprintf("%8v ", time.Since(m.began).Round(time.Millisecond/10))+fmt.Sprintf(format, a...))
}

// check checks the invariants.
func (m *model) check(t *rapid.T) {
	s := m.pool.Stats()
	require.Equal(t, s.Submitted, uint64(s.Waiting)+uint64(s.Running)+s.Settled, "%+v", s)
	require.Equal(t, s.Settled, s.Succeeded+s.Refused+s.Crashed+s.TimedOut+s.Cancelled+s.Failed)
	err := pool.Broken(m.pool)
	if err != nil {
		m.note("broken: %v", err)
	}
	require.NoError(t, err)
	for _, w := range m.pool.Workers() {
		require.LessOrEqual(t, w.Jobs, m.o.InFlight+m.o.Ahead)
	}
}

// setStart sets how workers start from now on.
func (m *model) setStart(how string) {
	m.note("starts %q", how)
	require.NoError(m.t, os.WriteFile(m.start+".new", []byte(how), 0o600))
	require.NoError(m.t, os.Rename(m.start+".new", m.start))
}

func (m *model) changeStarts(t *rapid.T) {
	m.setStart(rapid.SampledFrom([]string{"", "", "slow 30", "exit", "never", `{"id":1,"result":1}`}).Draw(t, "how"))
}

func (m *model) turn(t *rapid.T) {
	for range rapid.IntRange(1, 20).Draw(t, "turns") {
		m.poll()
	}
}

var modelOrders = []string{
	"echo", "echo", "echo", "spin", "chunks", "answer-and-die", "error", "error", "exit", "exit0", "kill", "silent", "stubborn", "raw", "twice", "retire",
	"hang-up",
}

func (m *model) run(t *rapid.T) {
	k := &modelTask{job: order{Do: rapid.SampledFrom(modelOrders).Draw(t, "order"), Arg: strconv.Itoa(len(m.tasks) + 1)}, since: time.Now()}
	switch k.job.Do {
	case "raw":
		k.job.Arg = `{"id":4000000000,"result":` + k.job.Arg + `}`
	case "stubborn":
		k.job.MS = 2000
	default:
		k.job.MS = rapid.SampledFrom([]int{0, 0, 5, 20}).Draw(t, "ms")
	}
	k.o = pool.RunOptions{
		Key:          rapid.SampledFrom([]string{"", "", "a", "b"}).Draw(t, "key"),
		Priority:     rapid.IntRange(-1, 1).Draw(t, "priority"),
		Retries:      rapid.IntRange(-1, 2).Draw(t, "retries"),
		Timeout:      rapid.SampledFrom([]time.Duration{0, 0, 20 * time.Millisecond}).Draw(t, "timeout"),
		QueueTimeout: rapid.SampledFrom([]time.Duration{0, 0, 40 * time.Millisecond}).Draw(t, "queue timeout"),
	}
	if k.retries = k.o.Retries; k.retries == 0 {
		k.retries = m.o.Retries
	}
	k.retries = max(0, k.retries)
	if k.timeout = k.o.Timeout; k.timeout == 0 {
		k.timeout = m.o.Timeout
	}
	if rapid.IntRange(0, 3).Draw(t, "context") == 0 {
		k.o.Context, k.end = context.WithCancelCause(context.Background())
	}
	m.submit(k)
	if k.task != nil && k.job.Do == "chunks" && rapid.Bool().Draw(t, "listens") {
		k.heard = true
		k.task.OnChunk(func(chunk []byte) { k.chunks += string(chunk) })
	}
}

// submit gives the pool a job.
func (m *model) submit(k *modelTask) {
	t, inside := m.t, true
	task, err := m.pool.Run(k.job, &k.o, func(r *pool.Result, err error) {
		require.False(t, inside, "called inside Run")
		m.note("done %s: %v", k.job.Arg, err)
		k.calls++
		k.result, k.err = r, err
		require.Equal(t, 1, k.calls, "of %+v", k.job)
		m.allowed(k)
		m.check(t)
	})
	inside = false
	if err != nil {
		m.refused(err)
		return
	}
	m.note("run %+v %+v", k.job, k.o)
	k.task = task
	m.tasks = append(m.tasks, k)
}

// refused checks an error that Run or Broadcast has returned.
func (m *model) refused(err error) {
	if _, ok := errors.AsType[*pool.CrashLoopError](err); ok {
		require.Equal(m.t, pool.CrashLoopFail, m.o.CrashLoop)
		return
	}
	_, ok := errors.AsType[*pool.StartError](err)
	require.True(m.t, ok && m.failed != nil, "%v", err)
}

// pending returns a task whose done was not called, if there is one.
func (m *model) pending(t *rapid.T, suits func(*modelTask) bool) *modelTask {
	var all []*modelTask
	for _, k := range m.tasks {
		if k.calls == 0 && suits(k) {
			all = append(all, k)
		}
	}
	if len(all) == 0 {
		t.Skip("there is none")
	}
	return all[rapid.IntRange(0, len(all)-1).Draw(t, "task")]
}

func (m *model) cancel(t *rapid.T) {
	k := m.pending(t, func(*modelTask) bool { return true })
	cause := fmt.Errorf("cause %d", len(k.asked))
	m.note("cancel %s", k.job.Arg)
	k.asked = append(k.asked, cause)
	k.task.Cancel(cause)
	require.Zero(t, k.calls, "called inside Cancel")
}

func (m *model) endContext(t *rapid.T) {
	k := m.pending(t, func(k *modelTask) bool { return k.end != nil })
	cause := fmt.Errorf("end %d", len(k.asked))
	m.note("context %s", k.job.Arg)
	k.asked = append(k.asked, cause)
	k.end(cause)
}

func (m *model) broadcast(t *rapid.T) {
	job := order{Do: rapid.SampledFrom([]string{"echo", "exit", "silent"}).Draw(t, "order"), Arg: "broadcast"}
	m.note("broadcast %+v", job)
	s := m.pool.Stats()
	calls := 0
	err := m.pool.Broadcast(job, nil, func(r []pool.WorkerResult) {
		calls++
		require.Equal(t, 1, calls)
		require.Len(t, r, s.Idle+s.Busy)
		for _, one := range r {
			require.True(t, (one.Err == nil) == (one.Result != nil))
		}
		m.broadcasts--
		m.check(t)
	})
	if err != nil {
		m.refused(err)
		return
	}
	m.broadcasts++
}

// worker returns one of the pool's workers.
func (m *model) worker(t *rapid.T) pool.WorkerState {
	all := m.pool.Workers()
	if len(all) == 0 {
		t.Skip("there is none")
	}
	return all[rapid.IntRange(0, len(all)-1).Draw(t, "worker")]
}

func (m *model) signal(t *rapid.T) {
	w := m.worker(t)
	s := rapid.SampledFrom([]syscall.Signal{syscall.SIGKILL, syscall.SIGTERM, syscall.SIGSTOP}).Draw(t, "signal")
	m.killed = true
	m.note("%s to %+v", s, w)
	if w.Pid > 0 {
		_ = syscall.Kill(w.Pid, s) // It is not reaped, so no other process has its pid.
	}
}

func (m *model) kill(t *rapid.T) {
	w := m.worker(t)
	m.killed = true
	m.note("kill %+v", w)
	require.True(t, m.pool.Kill(w.Number))
}

func (m *model) reload(t *rapid.T) {
	m.note("reload")
	calls := 0
	err := m.pool.Reload(&pool.ReloadOptions{Batch: rapid.IntRange(0, 2).Draw(t, "batch")}, func(err error) {
		calls++
		require.Equal(t, 1, calls)
		m.note("reloaded: %v", err)
		m.reloads--
		if err != nil {
			_, ok := errors.AsType[*pool.ReloadError](err)
			require.True(t, ok, "%v", err)
		}
		m.check(t)
	})
	switch {
	case err == nil:
		m.reloads++
	case errors.Is(err, pool.ErrReloading):
		require.Equal(t, 1, m.reloads)
	default:
		m.refused(err)
	}
}

func (m *model) resize(t *rapid.T) {
	high := rapid.IntRange(1, 4).Draw(t, "max")
	low := rapid.IntRange(-1, high).Draw(t, "min")
	m.note("resize %d %d", low, high)
	require.NoError(t, m.pool.Resize(low, high))
}

// finish stops the pool with random options, and checks the final counts.
func (m *model) finish() {
	t := m.t
	m.setStart("")
	stop := rapid.SampledFrom([]pool.StopOptions{{}, {DropWaiting: true}, {JobGrace: 60 * time.Millisecond}, {JobGrace: -1}}).Draw(t, "stop")
	m.drops = stop != (pool.StopOptions{})
	m.note("stop %+v", stop)
	done := func(r *pool.StopReport) { m.reports++; m.report = r }
	m.pool.Stop(&stop, done)
	m.pool.Stop(nil, done)
	require.Zero(t, m.reports, "called inside Stop")
	_, err := m.pool.Run(1, nil, func(*pool.Result, error) { require.Fail(t, "called") })
	require.Error(t, err)
	deadline := time.Now().Add(looptest.HangLimit())
	for m.loop.Alive() {
		require.True(t, time.Now().Before(deadline), "hangs: %+v", m.pool.Stats())
		m.poll()
	}
	require.Equal(t, 2, m.reports)
	require.Zero(t, m.broadcasts, "broadcasts that were not told")
	require.Zero(t, m.reloads, "reloads that were not told")
	require.Empty(t, m.pool.Workers())
	for _, k := range m.tasks {
		require.Equal(t, 1, k.calls, "calls for %+v", k.job)
		m.allowedRuns(k)
		if k.end != nil {
			k.end(nil)
		}
	}
	for pid := range m.pids {
		require.False(t, isOurs(pid), "process %d is left", pid)
	}
	require.NoError(t, m.loop.Close())
}

// isOurs reports whether there is a process with that pid whose parent is this program.
func isOurs(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	return err == nil && strings.Contains(string(text), fmt.Sprintf("\nPPid:\t%d\n", os.Getpid()))
}
