package fleet_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/fleet"
)

//brood:checks W132
func TestADelayedJobIsQueuedUnderItsIDWhenItIsDue(t *testing.T) {
	t.Parallel()
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

//brood:checks W132
func TestACancelledDelayedJobDoesNotRun(t *testing.T) {
	t.Parallel()
	f := dial(t, serve(t, quick("mail")), fleet.Options{})
	agent(t, f, 1, fleet.AgentOptions{Queues: queues("mail")})
	j := submit(t, f, "mail", job{}, &fleet.JobOptions{Delay: time.Second})
	require.NoError(t, j.Cancel(ctx(t), "no"))
	require.ErrorIs(t, j.Wait(ctx(t), nil), fleet.ErrCancelled)
}

//brood:checks W132
func TestACronQueuesJobsUntilItIsUnscheduled(t *testing.T) {
	t.Parallel()
	f := dial(t, serve(t, quick("mail")), fleet.Options{})
	rec := newRecorder()
	agent(t, f, 1, fleet.AgentOptions{Queues: queues("mail"), OnEvent: rec.on})
	submit(t, f, "mail", job{}, &fleet.JobOptions{ID: "clean", Cron: "@every 1s"})
	first, second := rec.next(t, fleet.EventDone), rec.next(t, fleet.EventDone)
	require.NotEqual(t, first.ID, second.ID)
	require.True(t, strings.HasPrefix(first.ID, "default.clean-"), first.ID)
	require.NoError(t, f.Unschedule(ctx(t), "mail", "clean"))
	// This job is due later than any job of the Cron that may still come.
	require.NoError(t, submit(t, f, "mail", job{}, &fleet.JobOptions{ID: "mark", Delay: 2500 * time.Millisecond}).Wait(ctx(t), nil))
	after := 0
	for e := rec.next(t, fleet.EventDone); e.ID != "default.mark"; e = rec.next(t, fleet.EventDone) {
		after++
	}
	require.LessOrEqual(t, after, 1)
}

//brood:checks W132
func TestAJobWithAnInvalidScheduleIsDead(t *testing.T) {
	f := dial(t, serve(t, quick("mail")), fleet.Options{})
	j := submit(t, f, "mail", job{}, &fleet.JobOptions{ID: "a", Cron: "every full moon"})
	dead, ok := errors.AsType[*fleet.DeadError](j.Wait(ctx(t), nil))
	require.True(t, ok)
	require.Equal(t, fleet.DeadMalformed, dead.Kind)
}

//brood:checks W132
func TestAMoverKilledBetweenAnyTwoStepsLosesNoJob(t *testing.T) {
	t.Parallel()
	s := serve(t, quick("mail"))
	// The server has no mover for this fleet.
	f := dial(t, s, fleet.Options{Name: "other", Setup: quick("mail")})
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

//brood:checks W133
func TestAProgramThatWasRestartedGetsTheResultsOfItsPredecessor(t *testing.T) {
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

//brood:checks W133
func TestAResultExpires(t *testing.T) {
	t.Parallel()
	l := quick("mail")
	l.ResultTTL = 200 * time.Millisecond
	f := dial(t, serve(t, l), fleet.Options{})
	agent(t, f, 1, fleet.AgentOptions{Queues: queues("mail")})
	j := submit(t, f, "mail", job{}, nil)
	require.NoError(t, j.Wait(ctx(t), nil))
	eventually(t, "it has expired", func() bool {
		info, err := j.Info(ctx(t))
		require.NoError(t, err)
		return info.State == fleet.StateUnknown
	})
}

//brood:checks W132
func TestDelayedJobsAreBounded(t *testing.T) {
	t.Parallel()
	l := quick("mail")
	l.MaxJobs = 5
	f := dial(t, serve(t, l), fleet.Options{})
	delayed := func() error {
		_, err := f.Submit(ctx(t), "mail", job{}, &fleet.JobOptions{Delay: time.Hour})
		return err
	}
	n := 0
	eventually(t, "as many are scheduled as may be, and as many wait for that", func() bool {
		err := delayed()
		if err == nil {
			n++
		} else {
			require.ErrorIs(t, err, fleet.ErrQueueFull)
		}
		return n == 10
	})
	for range 20 {
		require.ErrorIs(t, delayed(), fleet.ErrQueueFull)
	}
}

//brood:checks W132
func TestADelayedJobWaitsWhileThereIsNoRoomForItsSchedule(t *testing.T) {
	t.Parallel()
	l := quick("mail")
	l.MaxJobs = 2
	f := dial(t, serve(t, l), fleet.Options{})
	agent(t, f, 1, fleet.AgentOptions{Queues: queues("mail")})
	var all []*fleet.Job
	for len(all) < 6 {
		j, err := f.Submit(ctx(t), "mail", job{}, &fleet.JobOptions{Delay: 300 * time.Millisecond})
		if err == nil {
			all = append(all, j)
			continue
		}
		require.ErrorIs(t, err, fleet.ErrQueueFull)
		time.Sleep(20 * time.Millisecond) // No event reports that there is room again.
	}
	for _, j := range all {
		require.NoError(t, j.Wait(ctx(t), nil))
	}
}

//brood:checks W132
func TestADelayedJobIsNotReplacedByAnotherOfItsID(t *testing.T) {
	l := quick("mail")
	l.Duplicates = 100 * time.Millisecond
	s := serveWith(t, &fleet.ServerOptions{Layout: l})
	f := dial(t, s, fleet.Options{})
	_, js := raw(t, s)
	scheduled := func(id string) {
		eventually(t, "it is scheduled, and the server has forgotten its message", func() bool {
			at, err := js.Stream(ctx(t), "fleet_clock")
			require.NoError(t, err)
			msg, err := at.GetLastMsgForSubject(ctx(t), "fleet.clock.at.mail.default."+id)
			return err == nil && time.Since(msg.Time) > 2*l.Duplicates
		})
	}
	submit(t, f, "mail", job{}, &fleet.JobOptions{ID: "a", Delay: time.Hour})
	submit(t, f, "mail", job{}, &fleet.JobOptions{ID: "c", Cron: "@hourly"})
	scheduled("a")
	scheduled("c")
	for _, o := range []fleet.JobOptions{{ID: "a"}, {ID: "a", Delay: time.Minute}, {ID: "a", Cron: "@hourly"}, {ID: "c", Delay: time.Hour}} {
		_, err := f.Submit(ctx(t), "mail", job{}, &o)
		require.ErrorIs(t, err, fleet.ErrDuplicate, "%+v", o)
	}
	submit(t, f, "mail", job{}, &fleet.JobOptions{ID: "c", Cron: "@daily"})
	submit(t, f, "mail", job{}, &fleet.JobOptions{ID: "c"})
}

//brood:checks W132
func TestAJobIsNotQueuedAgainByAMoverThatComesLate(t *testing.T) {
	t.Parallel()
	s := serve(t, quick("mail"))
	l := quick("mail")
	l.Duplicates = 100 * time.Millisecond
	f := dial(t, s, fleet.Options{Name: "other", Setup: l})
	rec := newRecorder()
	agent(t, f, 1, fleet.AgentOptions{Queues: queues("mail"), OnEvent: rec.on})
	victim := start(t, agentConfig{URL: s.URL(), Fleet: "other", Mover: true, DieAt: "queued"})
	j := submit(t, f, "mail", job{}, &fleet.JobOptions{Delay: time.Millisecond})
	died(t, victim)
	r, err := j.Result(ctx(t))
	require.NoError(t, err)
	rec.next(t, fleet.EventDone)
	require.Eventually(t, func() bool { return time.Since(r.Time) > 2*l.Duplicates }, time.Minute, 10*time.Millisecond)
	m, err := f.Mover()
	require.NoError(t, err)
	defer m.Close()
	// By then the other mover's unfinished message has come again.
	submit(t, f, "mail", job{}, &fleet.JobOptions{ID: "mark", Delay: l.AckWait})
	require.Equal(t, "default.mark", rec.next(t, fleet.EventStarted).ID, "the first was not started again")
}
