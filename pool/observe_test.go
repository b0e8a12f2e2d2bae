package pool_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/pool"
)

// records is a slog.Handler that keeps its records as text.
type records struct {
	mu   sync.Mutex
	text []string
}

func (*records) Enabled(context.Context, slog.Level) bool { return true }
func (r *records) WithAttrs([]slog.Attr) slog.Handler     { return r }
func (r *records) WithGroup(string) slog.Handler          { return r }

func (r *records) Handle(_ context.Context, record slog.Record) error {
	text := record.Message
	record.Attrs(func(a slog.Attr) bool {
		text += fmt.Sprintf(" %s=%v", a.Key, a.Value)
		return true
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	r.text = append(r.text, text)
	return nil
}

//brood:checks W090
func TestStatsCountTasksWorkersAndTimes(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, raw(pool.Options{Max: 2, InFlight: 1, Name: "main"}))
	ready(t, l, p, 2)
	s := p.Stats()
	require.Equal(t, []int{0, 2, 0, 0, 0, 2, 2}, []int{s.Starting, s.Idle, s.Busy, s.Draining, s.Ending, s.Slots, s.Free})
	slow := run(t, p, order{MS: 60}, nil)
	quick := run(t, p, order{}, nil)
	waits := run(t, p, order{MS: 1}, nil)
	s = p.Stats()
	require.Equal(t, []int{1, 2, 0, 2, 2, 0}, []int{s.Waiting, s.Running, s.Idle, s.Busy, s.Slots, s.Free})
	require.Positive(t, s.WaitingBytes)
	bad := run(t, p, order{Do: "error", Arg: `"no"`}, nil)
	until(t, l, settled(slow, quick, waits, bad))
	s = p.Stats()
	require.Equal(t, []uint64{4, 4, 3, 1}, []uint64{s.Submitted, s.Settled, s.Succeeded, s.Refused})
	require.Equal(t, uint64(4), s.Waited.Count())
	require.Equal(t, uint64(3), s.Ran.Count())
	require.GreaterOrEqual(t, s.Ran.Sum, 61*time.Millisecond)
	require.Greater(t, s.Utilization, 0.0)
	require.LessOrEqual(t, s.Utilization, 1.0)
	require.Zero(t, s.WaitingBytes)
	stop(t, l, p)
}

//brood:checks W091
func TestEveryExitHasAReason(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, raw(pool.Options{Max: 1, InFlight: 1, CancelGrace: -1, KillGrace: -1, Backoff: quick}))
	ends := exits(p)
	for _, o := range []struct {
		job  order
		with *pool.RunOptions
		want pool.ExitReason
	}{
		{order{Do: "exit"}, nil, pool.ExitCrash},
		{order{Do: "exit0"}, nil, pool.ExitCrash},
		{order{Do: "raw", Arg: `{"id":999,"result":1}`}, nil, pool.ExitProtocol},
		// It does not hear the cancel.
		{order{Do: "spin", MS: 600_000}, &pool.RunOptions{Timeout: 10 * time.Millisecond}, pool.ExitTimeout},
		{order{Do: "retire"}, nil, pool.ExitRetired},
	} {
		n := len(*ends)
		got := run(t, p, o.job, o.with)
		until(t, l, func() bool { return len(*ends) > n && got.called > 0 })
		e := (*ends)[n]
		require.Equal(t, o.want, e.Reason)
		require.NotZero(t, e.Worker.Pid)
	}
	stop(t, l, p)
	require.Equal(t, pool.ExitStop, (*ends)[len(*ends)-1].Reason)
	require.Equal(t, map[pool.ExitReason]uint64{
		pool.ExitCrash: 2, pool.ExitProtocol: 1, pool.ExitTimeout: 1, pool.ExitRetired: 1, pool.ExitStop: 1,
	}, p.Stats().Exits)
}

//brood:checks W092
func TestMetricsAreInPrometheusText(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, raw(pool.Options{Max: 2, InFlight: 1, Name: `a "name"`}))
	ready(t, l, p, 2)
	a, b := run(t, p, order{MS: 5}, nil), run(t, p, order{Do: "exit"}, nil)
	until(t, l, settled(a, b))
	var text bytes.Buffer
	require.NoError(t, p.WriteMetrics(&text))
	families := map[string]string{}
	sample := regexp.MustCompile(`^(brood_pool_[a-z_]+)\{pool="a \\"name\\""(?:,[a-z]+="[^"]*")?\} (\S+)$`)
	head := regexp.MustCompile(`^# TYPE (brood_pool_[a-z_]+) (counter|gauge|histogram)$`)
	for line := range strings.Lines(text.String()) {
		line = strings.TrimSuffix(line, "\n")
		if m := head.FindStringSubmatch(line); m != nil {
			require.NotContains(t, families, m[1], "a family is declared once")
			families[m[1]] = m[2]
		} else if !strings.HasPrefix(line, "# HELP ") {
			m := sample.FindStringSubmatch(line)
			require.NotNil(t, m, "%s", line)
			base := regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(m[1], "")
			require.True(t, families[m[1]] != "" || families[base] == "histogram", "%s is not declared", m[1])
		}
	}
	for _, want := range []string{
		`brood_pool_tasks_submitted_total{pool="a \"name\""} 2`,
		`brood_pool_tasks_settled_total{pool="a \"name\"",outcome="succeeded"} 1`,
		`brood_pool_tasks_settled_total{pool="a \"name\"",outcome="crashed"} 1`,
		`brood_pool_worker_exits_total{pool="a \"name\"",reason="crash"} 1`,
		`brood_pool_worker_exits_total{pool="a \"name\"",reason="age"} 0`,
		`brood_pool_run_seconds_count{pool="a \"name\""} 1`,
		`brood_pool_run_seconds_bucket{pool="a \"name\"",le="+Inf"} 1`,
	} {
		require.Contains(t, text.String(), want+"\n")
	}
	require.Len(t, families, 16)
	stop(t, l, p)
}

//brood:checks W092
func TestANameIsEscapedInMetrics(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, one(pool.Options{Max: 1, Name: "a\tb\\c\nd\"é\xff"}))
	var text bytes.Buffer
	require.NoError(t, p.WriteMetrics(&text))
	require.Contains(t, text.String(), "\nbrood_pool_slots{pool=\"a\tb\\\\c\\nd\\\"é\uFFFD\"} 0\n")
	stop(t, l, p)
}

//brood:checks W090
func TestACancelledTaskIsCountedAsCancelledWhateverItsCause(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, one(pool.Options{Max: 1}))
	for _, cause := range []error{&pool.JobError{}, &pool.CrashError{}, pool.ErrTimeout, context.Canceled, nil} {
		task, got := runTask(t, p, order{}, nil)
		task.Cancel(cause)
		until(t, l, settled(got))
	}
	require.EqualValues(t, 5, p.Stats().Cancelled)
	stop(t, l, p)
}

//brood:checks W093
func TestOutputOfWorkersIsLoggedInWholeLines(t *testing.T) {
	var log records
	l := newLoop(t)
	path := shell(t, `printf 'first li' >&2; sleep 0.05; printf 'ne\nsecond\n' >&2; echo out
		echo '{"ready":true}' >&3
		read -r line <&3
		head -c 100000 /dev/zero | tr '\0' x >&2; echo >&2
		printf 'the last words' >&2
		exit 5`)
	p := newPool(t, l, &pool.Options{Module: path, Protocol: pool.Lines, Max: 1, Logger: slog.New(&log)})
	got := run(t, p, 1, nil)
	until(t, l, settled(got))
	crash, ok := errors.AsType[*pool.CrashError](got.err)
	require.True(t, ok)
	tail := crash.Crashes[0].Stderr
	require.Len(t, tail, 64<<10, "the last 64 KiB")
	require.True(t, bytes.HasSuffix(tail, []byte("xxx\nthe last words")))
	require.Contains(t, got.err.Error(), "exit status 5: the last words")
	pid := crash.Crashes[0].Worker.Pid
	require.Contains(t, log.text, fmt.Sprintf("first line worker=1 pid=%d stream=stderr", pid))
	require.Contains(t, log.text, fmt.Sprintf("second worker=1 pid=%d stream=stderr", pid))
	require.Contains(t, log.text, fmt.Sprintf("out worker=1 pid=%d stream=stdout", pid))
	require.Contains(t, log.text, fmt.Sprintf("the last words worker=1 pid=%d stream=stderr", pid), "the rest is flushed at death")
	stop(t, l, p)
}

//brood:checks W094
func TestHealthyMeansThatWorkersAnswer(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, raw(pool.Options{Max: 1, PingInterval: 20 * time.Millisecond}))
	require.Error(t, p.Healthy(), "none is ready")
	ready(t, l, p, 1)
	require.NoError(t, p.Healthy())
	pass(t, l, 100*time.Millisecond)
	require.Equal(t, 1, p.Stats().Peak, "it answers pings")
	stop(t, l, p)
	require.ErrorIs(t, p.Healthy(), pool.ErrStopped)
}

//brood:checks W037 W094
func TestAnIdleWorkerThatDoesNotAnswerPingsIsReplacedAndOneThatComputesIsNot(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, raw(pool.Options{Max: 1, InFlight: 1, PingInterval: 20 * time.Millisecond, KillGrace: -1, Fork: with("RAW_NOPONG=1")}))
	ends := exits(p)
	long := run(t, p, order{Do: "spin", MS: 300}, nil)
	until(t, l, settled(long))
	require.NoError(t, long.err)
	require.Empty(t, *ends, "one that computes is not dead")
	until(t, l, func() bool { return len(*ends) > 0 })
	require.Equal(t, pool.ExitTimeout, (*ends)[0].Reason)
	require.ErrorIs(t, (*ends)[0].Err, pool.ErrHung)
	stop(t, l, p)
}

//brood:checks W037
func TestAWorkerWithAJobIsNotPinged(t *testing.T) {
	l := newLoop(t)
	begun := newJournalFile(t)
	p := newPool(t, l, env(raw(pool.Options{Max: 1, InFlight: 1, PingInterval: 5 * time.Millisecond}), begun.env()))
	long := run(t, p, order{MS: 200}, nil) // It reads messages meanwhile.
	until(t, l, settled(long))
	require.NoError(t, long.err)
	require.Zero(t, begun.begun("ping"))
	until(t, l, func() bool { return begun.begun("ping") > 0 })
	stop(t, l, p)
}
