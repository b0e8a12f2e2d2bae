package fleet_test

import (
	"context"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/fleet"
)

// raw connects to s without this package.
func raw(t testing.TB, s *fleet.Server, o ...nats.Option) (*nats.Conn, jetstream.JetStream) {
	t.Helper()
	nc, err := nats.Connect(s.URL(), o...)
	require.NoError(t, err)
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	require.NoError(t, err)
	return nc, js
}

//brood:checks W120
func TestJobsAndResultsAreStoredUnderTheirSubjectsProgressAndControlAreNot(t *testing.T) {
	s := serve(t, quick("mail"))
	nc, js := raw(t, s)
	sub, err := nc.SubscribeSync("fleet.>")
	require.NoError(t, err)
	require.NoError(t, nc.Flush())
	f := dial(t, s, fleet.Options{Client: "web"})
	g := newGate(t)
	submit(t, f, "mail", job{Held: g.path, Says: []int{7}, Echo: 1}, &fleet.JobOptions{ID: "a"})
	other := submit(t, f, "mail", job{Held: g.path}, &fleet.JobOptions{ID: "b"})
	require.NoError(t, other.Cancel(ctx(t), "no"))
	agent(t, f, 1, fleet.AgentOptions{Queues: queues("mail")})
	g.open()
	require.ErrorIs(t, other.Wait(ctx(t), nil), fleet.ErrCancelled)

	seen := map[string]bool{}
	for _, subject := range []string{
		"fleet.job.mail.web.a", "fleet.res.web.a", "fleet.done.web.a", "fleet.evt.web.a", "fleet.ctl.cancel.web.b", "fleet.done.web.b",
	} {
		for !seen[subject] {
			msg, err := sub.NextMsgWithContext(ctx(t))
			require.NoError(t, err, subject)
			seen[msg.Subject] = true
		}
	}
	for subject, stream := range map[string]string{
		"fleet.job.mail.web.a": "fleet_jobs", "fleet.res.web.a": "fleet_results", "$KV.fleet_cancel.web.b": "KV_fleet_cancel", "fleet.dead.x.y": "fleet_dead",
		"fleet.evt.web.a": "", "fleet.ctl.cancel.web.b": "", "fleet.done.web.a": "",
	} {
		name, err := js.StreamNameBySubject(ctx(t), subject)
		if stream == "" {
			require.ErrorIs(t, err, jetstream.ErrStreamNotFound, subject)
			continue
		}
		require.NoError(t, err, subject)
		require.Equal(t, stream, name)
	}
}

//brood:checks W121
func TestTheStreamOfJobsIsAFileBackedWorkQueueOfOneJobASubject(t *testing.T) {
	s := serve(t, quick("mail"))
	_, js := raw(t, s)
	stream, err := js.Stream(ctx(t), "fleet_jobs")
	require.NoError(t, err)
	c := stream.CachedInfo().Config
	require.Equal(t, jetstream.WorkQueuePolicy, c.Retention)
	require.Equal(t, jetstream.FileStorage, c.Storage)
	require.Equal(t, jetstream.DiscardNew, c.Discard)
	require.True(t, c.DiscardNewPerSubject)
	require.EqualValues(t, 1, c.MaxMsgsPerSubject)
}

//brood:checks W123
func TestOneDurableAQueueWithoutTheServersLimits(t *testing.T) {
	s := serve(t, &fleet.Layout{Queues: []string{"mail", "web"}})
	_, js := raw(t, s)
	for _, name := range []string{"mail", "web"} {
		c, err := js.Consumer(ctx(t), "fleet_jobs", name)
		require.NoError(t, err)
		config := c.CachedInfo().Config
		require.Equal(t, jetstream.AckExplicitPolicy, config.AckPolicy)
		require.Equal(t, "30s", config.AckWait.String())
		require.Equal(t, -1, config.MaxDeliver)
		require.Equal(t, -1, config.MaxAckPending)
		require.Greater(t, config.MaxWaiting, 10_000)
	}
	f := dial(t, s, fleet.Options{})
	names, err := f.Queues(ctx(t))
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"mail", "web"}, names)
	_, err = f.Queue(ctx(t), "nosuch")
	require.ErrorIs(t, err, fleet.ErrNotSetUp)
	require.NoError(t, f.AddQueue(context.Background(), "nosuch", nil))
	_, err = f.Queue(ctx(t), "nosuch")
	require.NoError(t, err)
}
