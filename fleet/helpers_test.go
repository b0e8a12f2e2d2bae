package fleet_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/fleet"
	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/pool"
	"github.com/brood-go/brood/reactor"
)

// quick returns a layout with short times for tests.
func quick(queues ...string) *fleet.Layout {
	return &fleet.Layout{AckWait: time.Second, Queues: queues, MaxJobBytes: 64 << 20, MaxResultBytes: 64 << 20, MaxDeadBytes: 64 << 20}
}

// ctx returns a context that ends only if the test hangs.
func ctx(t testing.TB) context.Context {
	t.Helper()
	c, cancel := context.WithTimeout(context.Background(), looptest.HangLimit())
	t.Cleanup(cancel)
	return c
}

// serve starts a server with the layout.
func serve(t testing.TB, l *fleet.Layout) *fleet.Server {
	t.Helper()
	return serveWith(t, &fleet.ServerOptions{Layout: l})
}

func serveWith(t testing.TB, o *fleet.ServerOptions) *fleet.Server {
	t.Helper()
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	s, err := fleet.Serve(o)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

// dial connects to s by TCP.
func dial(t testing.TB, s *fleet.Server, o fleet.Options) *fleet.Fleet {
	t.Helper()
	o.URL = s.URL()
	f, err := fleet.Dial(&o)
	require.NoError(t, err)
	t.Cleanup(f.Close)
	return f
}

func submit(t testing.TB, f *fleet.Fleet, queue string, job any, o *fleet.JobOptions) *fleet.Job {
	t.Helper()
	j, err := f.Submit(ctx(t), queue, job, o)
	require.NoError(t, err, fmt.Sprint(job))
	return j
}

// newPool runs a loop with a pool until the test ends.
func newPool(t testing.TB, o pool.Options) (*reactor.Loop, *pool.Pool) {
	t.Helper()
	l, err := reactor.New(looptest.Options())
	require.NoError(t, err)
	if o.Self == "" && o.Module == "" {
		o.Self = "worker"
	}
	var p *pool.Pool
	ended := make(chan error, 1)
	started := make(chan error, 1)
	// This goroutine runs the loop until the cleanup below has stopped the pool. The cleanup waits
	// for it.
	go func() {
		p, err = pool.New(l, &o)
		started <- err
		if err == nil {
			err = l.Run()
		}
		ended <- err
	}()
	require.NoError(t, <-started)
	t.Cleanup(func() {
		require.NoError(t, l.Post(func() { p.Stop(&pool.StopOptions{DropWaiting: true, JobGrace: -1, DisconnectGrace: -1}, nil) }))
		require.NoError(t, <-ended)
		require.NoError(t, l.Close())
	})
	return l, p
}

// poolOptions are the options of n workers that are killed soon after they ignore a cancellation.
func poolOptions(n int) pool.Options {
	return pool.Options{Max: n, CancelGrace: 100 * time.Millisecond, KillGrace: -1}
}

// agent starts an agent of f with a pool of n workers.
func agent(t testing.TB, f *fleet.Fleet, n int, o fleet.AgentOptions) *fleet.Agent {
	t.Helper()
	l, p := newPool(t, poolOptions(n))
	return agentOf(t, f, l, p, o)
}

func agentOf(t testing.TB, f *fleet.Fleet, l *reactor.Loop, p *pool.Pool, o fleet.AgentOptions) *fleet.Agent {
	t.Helper()
	o.Loop = l
	if o.RetryMin == 0 {
		o.RetryMin = 10 * time.Millisecond
	}
	a, err := f.Agent(p, &o)
	require.NoError(t, err)
	t.Cleanup(a.Close)
	return a
}

func queues(names ...string) (all []fleet.QueueShare) {
	for _, name := range names {
		all = append(all, fleet.QueueShare{Name: name})
	}
	return all
}

// eventually waits until done holds, as looptest.Eventually does, and sleeps in between.
func eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(looptest.HangLimit()); !done(); {
		require.True(t, time.Now().Before(deadline), "never: "+what)
		// The servers report their state only when they are asked.
		time.Sleep(5 * time.Millisecond)
	}
}

func idle(t testing.TB, f *fleet.Fleet, queue string) bool {
	t.Helper()
	info, err := f.Queue(ctx(t), queue)
	require.NoError(t, err)
	return info.Waiting == 0 && info.Running == 0
}

// waiting waits until n jobs wait in the queue. The server counts a job only some time after it has
// stored it.
func waiting(t testing.TB, f *fleet.Fleet, queue string, n uint64) {
	t.Helper()
	eventually(t, "as many wait", func() bool {
		info, err := f.Queue(ctx(t), queue)
		require.NoError(t, err)
		return info.Waiting == n
	})
}
