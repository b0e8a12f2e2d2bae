package pool_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/pool"
)

// FuzzServe sends a worker random JSON. Whatever it is, the worker answers the job after it.
func FuzzServe(f *testing.F) {
	for _, seed := range []string{
		`{"id":7,"method":"echo","job":{"n":1},"attempt":2}`, `{"id":7,"cancel":"x","credit":5,"recall":true}`, `{"ping":3}`,
		`{"id":7,"attach":9}`, `{"\u0069d":1,"job":[]}`, `{"id":-1}`, `[]`, `null`, `{"id":7,"method":"\ud800","job":"\u0000"}`,
	} {
		f.Add([]byte(seed), true)
		f.Add([]byte(seed), false)
	}
	f.Fuzz(func(t *testing.T, message []byte, onLoop bool) {
		if !json.Valid(message) {
			t.Skip("a channel drops what is no JSON")
		}
		l := looptest.New(t)
		worker, parent := channels(t, l, nil)
		last := false
		require.NoError(t, pool.ServeWith(l, worker, pool.Handlers{
			"": func(_ context.Context, j *pool.Job) (any, error) {
				var v any
				err := j.Decode(&v)
				return v, err
			},
			"last": nothing,
		}, &pool.ServeOptions{OnLoop: onLoop, OnError: func(error) {}}))
		parent.OnMessage(func(m *ipc.Message) {
			var a struct{ ID uint64 }
			_ = m.Decode(&a) // Not every message has an id.
			if a.ID == 1e17 {
				last = true
				parent.Disconnect()
			}
		})
		require.NoError(t, parent.Send(json.RawMessage(message)))
		require.NoError(t, parent.Send(json.RawMessage(`{"id":100000000000000000,"method":"last"}`)))
		looptest.Run(t, l) // The worker stops the loop.
		looptest.Run(t, l)
		require.True(t, last)
	})
}
