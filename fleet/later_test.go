package fleet_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/fleet"
)

func TestW132_ADelayedJobIsQueuedUnderItsIDWhenItIsDue(t *testing.T) {
	f := dial(t, serve(t, quick("mail")), fleet.Options{})
	agent(t, f, 2, fleet.AgentOptions{Queues: queues("mail")})
	began := time.Now()
	j := submit(t, f, "mail", job{Echo: 1}, &fleet.JobOptions{ID: "a", Delay: time.Second})
	past := submit(t, f, "mail", job{Echo: 2}, &fleet.JobOptions{At: began.Add(-time.Hour)})
	require.NoError(t, past.Wait(ctx(t), nil))
	require.Less(t, time.Since(began), time.Minute)
	require.NoError(t, j.Wait(ctx(t), nil))
	require.Greater(t, time.Since(began), 900*time.Millisecond)
	require.Equal(t, "a", j.ID())
}

func TestW132_ACancelledDelayedJobDoesNotRun(t *testing.T) {
	f := dial(t, serve(t, quick("mail")), fleet.Options{})
	agent(t, f, 1, fleet.AgentOptions{Queues: queues("mail")})
	j := submit(t, f, "mail", job{}, &fleet.JobOptions{Delay: time.Second})
	require.NoError(t, j.Cancel(ctx(t), "no"))
	require.ErrorIs(t, j.Wait(ctx(t), nil), fleet.ErrCancelled)
}

func TestW132_ACronQueuesJobsUntilItIsUnscheduled(t *testing.T) {
	f := dial(t, serve(t, quick("mail")), fleet.Options{})
	rec := newRecorder()
	agent(t, f, 1, fleet.AgentOptions{Queues: queues("mail"), OnEvent: rec.on})
	submit(t, f, "mail", job{}, &fleet.JobOptions{ID: "clean", Cron: "@every 1s"})
	first, second := rec.next(t, fleet.EventDone), rec.next(t, fleet.EventDone)
	require.NotEqual(t, first.ID, second.ID)
	require.True(t, strings.HasPrefix(first.ID, "default.clean-"), first.ID)
	require.NoError(t, f.Unschedule(ctx(t), "mail", "clean"))
	// Behind what takes its place, and what was due before it was there, nothing comes: this job is due later.
	require.NoError(t, submit(t, f, "mail", job{}, &fleet.JobOptions{ID: "mark", Delay: 2500 * time.Millisecond}).Wait(ctx(t), nil))
	after := 0
	for e := rec.next(t, fleet.EventDone); e.ID != "default.mark"; e = rec.next(t, fleet.EventDone) {
		after++
	}
	require.LessOrEqual(t, after, 1)
}

func TestW132_AScheduleThatIsNoneIsDead(t *testing.T) {
	f := dial(t, serve(t, quick("mail")), fleet.Options{})
	j := submit(t, f, "mail", job{}, &fleet.JobOptions{ID: "a", Cron: "every full moon"})
	dead, ok := errors.AsType[*fleet.DeadError](j.Wait(ctx(t), nil))
	require.True(t, ok)
	require.Equal(t, fleet.DeadMalformed, dead.Kind)
}

func TestW132_AMoverKilledBetweenAnyTwoStepsLosesNoJob(t *testing.T) {
	s := serve(t, quick("mail"))
	f := dial(t, s, fleet.Options{Name: "other", Setup: quick("mail")}) // For which the server has no mover.
	agent(t, f, 1, fleet.AgentOptions{Queues: queues("mail")})
	for _, step := range []string{"scheduling", "scheduled", "queueing", "queued"} {
		t.Run(step, func(t *testing.T) {
			victim := start(t, agentConfig{URL: s.URL(), Fleet: "other", Mover: true, DieAt: step})
			j := submit(t, f, "mail", job{Echo: 1}, &fleet.JobOptions{Delay: time.Millisecond})
			died(t, victim)
			m, err := f.Mover()
			require.NoError(t, err)
			defer m.Close()
			r, err := j.Result(ctx(t))
			require.NoError(t, err)
			require.Equal(t, 1, r.Attempt)
		})
	}
}

func TestW133_AProgramThatWasRestartedGetsTheResultsOfItsPredecessor(t *testing.T) {
	s := serve(t, quick("mail"))
	first := dial(t, s, fleet.Options{Client: "web"})
	j := submit(t, first, "mail", job{Echo: 7}, nil)
	first.Close()
	require.ErrorIs(t, j.Wait(ctx(t), nil), fleet.ErrClosed)

	second := dial(t, s, fleet.Options{Client: "web"})
	waits := make(chan error, 1)
	go func() { waits <- second.Await(j.ID()).Wait(ctx(t), nil) }() // It ends with the job.
	agent(t, second, 1, fleet.AgentOptions{Queues: queues("mail")})
	require.NoError(t, <-waits)
	var n int
	require.NoError(t, second.Await(j.ID()).Wait(ctx(t), &n), "it is stored")
	require.Equal(t, 7, n)
}

func TestW133_AResultExpires(t *testing.T) {
	l := quick("mail")
	l.ResultTTL = 200 * time.Millisecond
	f := dial(t, serve(t, l), fleet.Options{})
	agent(t, f, 1, fleet.AgentOptions{Queues: queues("mail")})
	j := submit(t, f, "mail", job{}, nil)
	require.NoError(t, j.Wait(ctx(t), nil))
	until(t, "it has expired", func() bool {
		info, err := j.Info(ctx(t))
		require.NoError(t, err)
		return info.State == fleet.StateUnknown
	})
}
