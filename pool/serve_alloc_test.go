//go:build !race

package pool_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/pool"
	"github.com/brood-go/brood/reactor"
)

// This file is not built with the race detector, which allocates too.

// small is a job of about 30 bytes and its result.
type small struct {
	N int    `json:"n"`
	S string `json:"s"`
}

// envelope is the message of a job, and bareAnswer that of its answer.
type envelope struct {
	ID     uint64 `json:"id"`
	Method string `json:"method"`
	Job    small  `json:"job"`
}

type bareAnswer struct {
	ID     uint64 `json:"id"`
	Result small  `json:"result"`
}

// A job only allocates for decoding it and for sending its result.
func TestServeOnTheLoopAllocatesNoMoreThanAChannel(t *testing.T) {
	perJob := func(serve func(l *reactor.Loop, worker *ipc.Channel)) float64 {
		l := looptest.New(t)
		worker, parent := channels(t, l, nil)
		serve(l, worker)
		answers := 0
		parent.OnMessage(func(*ipc.Message) { answers++ })
		job := &envelope{7, "echo", small{1, "hello"}}
		allocs := testing.AllocsPerRun(2000, func() {
			want := answers + 1
			if err := parent.Send(job); err != nil {
				t.Fatal(err)
			}
			for answers < want {
				if _, err := l.Poll(looptest.HangLimit()); err != nil {
					t.Fatal(err)
				}
			}
		})
		worker.Destroy()
		parent.Destroy()
		looptest.Run(t, l)
		return allocs
	}
	bare := perJob(func(_ *reactor.Loop, worker *ipc.Channel) {
		worker.OnMessage(func(m *ipc.Message) {
			var q envelope
			if err := m.Decode(&q); err != nil {
				t.Error(err)
			}
			if err := worker.Send(&bareAnswer{q.ID, q.Job}); err != nil {
				t.Error(err)
			}
		})
	})
	serve := perJob(func(l *reactor.Loop, worker *ipc.Channel) {
		require.NoError(t, pool.ServeWith(l, worker, pool.Handlers{"echo": func(_ context.Context, j *pool.Job) (any, error) {
			var v small
			err := j.Decode(&v)
			return &v, err
		}}, &pool.ServeOptions{OnLoop: true}))
	})
	require.LessOrEqual(t, serve, bare)
}
