package pool_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/pool"
	"github.com/brood-go/brood/reactor"
)

// echoWorker answers with the job, on its loop.
func echoWorker(l *reactor.Loop, parent *ipc.Channel, _ []string) error {
	return pool.ServeWith(l, parent, pool.Handlers{
		"": func(_ context.Context, j *pool.Job) (any, error) {
			var text string
			err := j.Decode(&text)
			return text, err
		},
	}, &pool.ServeOptions{OnLoop: true, Concurrency: 16})
}

// echoes is a pool of two echo workers that are ready.
type echoes struct {
	*pool.Pool
	t    testing.TB
	loop *reactor.Loop
}

func newEchoes(t testing.TB, inFlight int) *echoes {
	l := newLoop(t)
	e := &echoes{newPool(t, l, &pool.Options{Self: "echo", Max: 2, InFlight: inFlight}), t, l}
	until(t, l, func() bool { return e.Stats().Idle == 2 })
	return e
}

var echoText = strings.Repeat("x", 28)

// run runs n jobs, atOnce of them at a time.
func (e *echoes) run(n, atOnce int) {
	sent, answered := 0, 0
	var next func()
	done := func(r *pool.Result, err error) {
		if err != nil || len(r.Raw()) != len(echoText)+2 {
			require.NoError(e.t, err)
			require.Equal(e.t, `"`+echoText+`"`, string(r.Raw()))
		}
		if answered++; answered == n {
			e.loop.Stop()
		}
		if sent < n {
			next()
		}
	}
	next = func() {
		sent++
		if _, err := e.Run(echoText, nil, done); err != nil {
			require.NoError(e.t, err)
		}
	}
	for range min(n, atOnce) {
		next()
	}
	require.NoError(e.t, e.loop.Run())
}

func BenchmarkPoolEcho(b *testing.B) {
	for _, inFlight := range []int{1, 16} {
		b.Run(fmt.Sprintf("%d each", inFlight), func(b *testing.B) {
			e := newEchoes(b, inFlight)
			e.run(100, 2*inFlight)
			b.ReportAllocs()
			b.ResetTimer()
			e.run(b.N, 2*inFlight)
			b.StopTimer()
			e.Stop(nil, func(*pool.StopReport) {})
			require.NoError(b, e.loop.Run())
		})
	}
}
