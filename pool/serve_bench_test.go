package pool_test

import (
	"context"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/pool"
	"github.com/brood-go/brood/reactor"
)

// small is the job of the benchmarks, about 30 bytes, which comes back as it is.
type small struct {
	N int    `json:"n"`
	S string `json:"s"`
}

// envelope is a job by hand, and bareAnswer what comes back.
type envelope struct {
	ID     uint64 `json:"id"`
	Method string `json:"method"`
	Job    small  `json:"job"`
}

type bareAnswer struct {
	ID     uint64 `json:"id"`
	Result small  `json:"result"`
}

func init() {
	// bench-bare answers without Serve: what any worker has to do.
	helperproc.Register("bench-bare", func([]string) {
		l, err := reactor.New(looptest.Options())
		if err != nil {
			panic(err)
		}
		parent, err := ipc.Parent(l)
		if err != nil {
			panic(err)
		}
		_ = parent.Send(true)
		parent.OnMessage(func(m *ipc.Message) {
			var q envelope
			if err := m.Decode(&q); err != nil {
				panic(err)
			}
			if err := parent.Send(&bareAnswer{q.ID, q.Job}); err != nil {
				panic(err)
			}
		})
		if err := l.Run(); err != nil {
			panic(err)
		}
	})
	// bench-serve concurrency [onloop] does the same with Serve.
	helperproc.Register("bench-serve", func(args []string) {
		n, _ := strconv.Atoi(args[0])
		serveHelper(pool.Handlers{"echo": func(_ context.Context, j *pool.Job) (any, error) {
			var v small
			err := j.Decode(&v)
			return &v, err
		}}, &pool.ServeOptions{Concurrency: n, OnLoop: len(args) > 1})
	})
}

// echoer is one worker and the jobs that it has.
type echoer struct {
	b        *testing.B
	child    *childprocess.ChildProcess
	ready    bool
	inFlight int
	left     int // jobs to send
	under    int // jobs under way
	sent     int
}

func startEchoer(b *testing.B, l *reactor.Loop, helper string, args ...string) *echoer {
	file, argv := helperproc.Command(helper, args...)
	c, err := childprocess.Fork(l, file, argv, nil)
	require.NoError(b, err)
	e := &echoer{b: b, child: c}
	c.OnMessage(func(m *ipc.Message) {
		if !e.ready {
			e.ready = true
			return
		}
		var a bareAnswer
		if err := m.Decode(&a); err != nil || a.ID != uint64(a.Result.N) {
			b.Error(string(m.Raw()), err)
		}
		e.under--
		e.send()
	})
	return e
}

func (e *echoer) send() {
	for e.under < e.inFlight && e.left > 0 {
		e.left--
		e.under++
		e.sent++
		if err := e.child.Send(&envelope{uint64(e.sent), "echo", small{e.sent, "hello"}}); err != nil {
			e.b.Error(err)
		}
	}
}

// run has n jobs done and returns the time that it took.
func (e *echoer) run(l *reactor.Loop, n, inFlight int) time.Duration {
	begin := time.Now()
	e.left, e.inFlight = n, inFlight
	l.SetImmediate(e.send)
	for e.under > 0 || e.left > 0 {
		if _, err := l.Poll(time.Second); err != nil {
			e.b.Fatal(err)
		}
	}
	return time.Since(begin)
}

// BenchmarkServeEcho measures a worker that uses Serve against one that has a channel alone, in turns, because what else a
// machine does changes from one moment to the next. ratio is that of the medians.
func BenchmarkServeEcho(b *testing.B) {
	for _, c := range []struct {
		name     string
		inFlight int
		args     []string
	}{
		{"OnLoop/1", 1, []string{"1", "onloop"}},
		{"OnLoop/16", 16, []string{"16", "onloop"}},
		{"Goroutines/1", 1, []string{"1"}},
		{"Goroutines/16", 16, []string{"16"}},
	} {
		b.Run(c.name, func(b *testing.B) {
			const slice = 200 // jobs
			l := looptest.New(b)
			bare, serve := startEchoer(b, l, "bench-bare"), startEchoer(b, l, "bench-serve", c.args...)
			for !bare.ready || !serve.ready {
				_, err := l.Poll(time.Second)
				require.NoError(b, err)
			}
			var times [2][]time.Duration
			for b.Loop() {
				for i, e := range []*echoer{bare, serve} {
					times[i] = append(times[i], e.run(l, slice, c.inFlight)/slice)
				}
			}
			bare.child.Disconnect()
			serve.child.Disconnect()
			looptest.Run(b, l)
			var median [2]float64
			for i, all := range times {
				slices.Sort(all)
				median[i] = float64(all[len(all)/2].Nanoseconds())
			}
			b.ReportMetric(median[0], "bare-ns/job")
			b.ReportMetric(median[1], "ns/job")
			b.ReportMetric(median[1]/median[0], "ratio")
			b.ReportMetric(0, "ns/op")
		})
	}
}
