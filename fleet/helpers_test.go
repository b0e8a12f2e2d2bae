package fleet_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/fleet"
	"github.com/brood-go/brood/internal/test/looptest"
)

// quick is a layout for tests: what takes half a minute takes less than a second.
func quick(queues ...string) *fleet.Layout {
	return &fleet.Layout{AckWait: time.Second, Queues: queues, MaxJobBytes: 64 << 20, MaxResultBytes: 64 << 20, MaxDeadBytes: 64 << 20}
}

// ctx returns a context that only ends tests that hang.
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

// dial connects to s over the network.
func dial(t testing.TB, s *fleet.Server, o fleet.Options) *fleet.Fleet {
	t.Helper()
	o.URL = s.URL()
	f, err := fleet.Dial(&o)
	require.NoError(t, err)
	t.Cleanup(f.Close)
	return f
}

// submit queues a job.
func submit(t testing.TB, f *fleet.Fleet, queue string, job any, o *fleet.JobOptions) *fleet.Job {
	t.Helper()
	j, err := f.Submit(ctx(t), queue, job, o)
	require.NoError(t, err, fmt.Sprint(job))
	return j
}
