package fleet_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/fleet"
)

//brood:checks W131
func TestACancelledJobThatWaitsDoesNotRunAtAnyAgent(t *testing.T) {
	f := dial(t, serve(t, quick("mail")), fleet.Options{})
	log := filepath.Join(t.TempDir(), "log")
	j := submit(t, f, "mail", job{Log: log}, nil)
	require.NoError(t, j.Cancel(ctx(t), "changed my mind\r\nNats-Rollup: all"))
	agent(t, f, 1, fleet.AgentOptions{Queues: queues("mail")})
	err := j.Wait(ctx(t), nil)
	require.ErrorIs(t, err, fleet.ErrCancelled)
	require.ErrorContains(t, err, "changed my mind")
	require.NoFileExists(t, log)
	eventually(t, "it is off the queue", func() bool { return idle(t, f, "mail") })
	info, err := j.Info(ctx(t))
	require.NoError(t, err)
	require.Equal(t, fleet.StateCancelled, info.State)
}

//brood:checks W131
func TestACancelledJobThatRunsLosesItsChild(t *testing.T) {
	f := dial(t, serve(t, quick("mail")), fleet.Options{})
	rec := newRecorder()
	agent(t, f, 2, fleet.AgentOptions{Queues: queues("mail"), OnEvent: rec.on})
	for name, work := range map[string]job{"listens": {Hang: true}, "deaf": {Deaf: true}} {
		t.Run(name, func(t *testing.T) {
			j := submit(t, f, "mail", work, nil)
			rec.next(t, fleet.EventStarted)
			require.NoError(t, j.Cancel(ctx(t), "enough"))
			require.ErrorIs(t, j.Wait(ctx(t), nil), fleet.ErrCancelled)
			require.Equal(t, "default."+j.ID(), rec.next(t, fleet.EventCancelled).ID)
		})
	}
	require.NoError(t, submit(t, f, "mail", job{}, nil).Wait(ctx(t), nil), "the pool goes on")
}

//brood:checks W131
func TestALostMessageAboutATombstoneIsReplacedByTheNextHeartbeat(t *testing.T) {
	s := serve(t, quick("mail"))
	nc, js := raw(t, s)
	f := dial(t, s, fleet.Options{})
	rec := newRecorder()
	agent(t, f, 1, fleet.AgentOptions{Queues: queues("mail"), OnEvent: rec.on})
	stream, err := js.Stream(ctx(t), "KV_fleet_cancel")
	require.NoError(t, err)
	config := stream.CachedInfo().Config
	config.RePublish = nil // No message reports the tombstone.
	_, err = js.UpdateStream(ctx(t), config)
	require.NoError(t, err)
	require.NoError(t, nc.Flush())
	j := submit(t, f, "mail", job{Hang: true}, nil)
	rec.next(t, fleet.EventStarted)
	require.NoError(t, j.Cancel(ctx(t), "enough"))
	require.ErrorIs(t, j.Wait(ctx(t), nil), fleet.ErrCancelled)
}

//brood:checks W131
func TestAJobThatHasEndedCannotBeCancelled(t *testing.T) {
	f := dial(t, serve(t, quick("mail")), fleet.Options{})
	agent(t, f, 1, fleet.AgentOptions{Queues: queues("mail")})
	done := submit(t, f, "mail", job{}, nil)
	require.NoError(t, done.Wait(ctx(t), nil))
	require.ErrorIs(t, done.Cancel(ctx(t), ""), fleet.ErrAlreadyDone)
	dead := submit(t, f, "mail", job{Fail: "no"}, &fleet.JobOptions{MaxAttempts: 1})
	require.Error(t, dead.Wait(ctx(t), nil))
	require.ErrorIs(t, dead.Cancel(ctx(t), ""), fleet.ErrAlreadyDone)
	_, isOption := f.Await("a b").Cancel(ctx(t), "").(*fleet.OptionError)
	require.True(t, isOption)
}

//brood:checks W131
func TestATombstoneIsNotDroppedForAnother(t *testing.T) {
	s := serve(t, quick("mail"))
	f := dial(t, s, fleet.Options{})
	j := submit(t, f, "mail", job{}, nil)
	require.NoError(t, j.Cancel(ctx(t), strings.Repeat("no\n", 1<<20)))
	_, js := raw(t, s)
	stream, err := js.Stream(ctx(t), "KV_fleet_cancel")
	require.NoError(t, err)
	require.Equal(t, jetstream.DiscardNew, stream.CachedInfo().Config.Discard)
	agent(t, f, 1, fleet.AgentOptions{Queues: queues("mail")})
	require.ErrorIs(t, j.Wait(ctx(t), nil), fleet.ErrCancelled)
}
