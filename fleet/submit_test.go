package fleet_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/fleet"
)

//brood:checks W121
func TestATakenIDIsADuplicateAndAFullQueueSaysSo(t *testing.T) {
	l := quick("mail")
	l.MaxJobs = 3
	f := dial(t, serve(t, l), fleet.Options{})
	submit(t, f, "mail", 1, &fleet.JobOptions{ID: "a"})
	_, err := f.Submit(ctx(t), "mail", 1, &fleet.JobOptions{ID: "a"})
	require.ErrorIs(t, err, fleet.ErrDuplicate)

	submit(t, f, "mail", 2, nil)
	submit(t, f, "mail", 3, nil)
	_, err = f.Submit(ctx(t), "mail", 4, nil)
	require.ErrorIs(t, err, fleet.ErrQueueFull)
	_, err = f.Submit(ctx(t), "mail", 1, &fleet.JobOptions{ID: "a"})
	require.ErrorIs(t, err, fleet.ErrDuplicate, "the queue is full, but that is not the reason")

	waiting(t, f, "mail", 3)
}

func TestBadJobsAreRefusedAtOnceByTheirOption(t *testing.T) {
	f := dial(t, serve(t, quick("mail")), fleet.Options{})
	for name, c := range map[string]struct {
		queue string
		job   any
		o     fleet.JobOptions
		want  string
	}{
		"queue":         {"a.b", 1, fleet.JobOptions{}, "queue"},
		"wildcard":      {"*", 1, fleet.JobOptions{}, "queue"},
		"id":            {"mail", 1, fleet.JobOptions{ID: "a b"}, "JobOptions.ID"},
		"other client":  {"mail", 1, fleet.JobOptions{ID: "you.b"}, "JobOptions.ID"},
		"time-out":      {"mail", 1, fleet.JobOptions{Timeout: -1}, "JobOptions.Timeout"},
		"attempts":      {"mail", 1, fleet.JobOptions{MaxAttempts: -1}, "JobOptions.MaxAttempts"},
		"delay":         {"mail", 1, fleet.JobOptions{Delay: -1}, "JobOptions.Delay"},
		"delay, cron":   {"mail", 1, fleet.JobOptions{ID: "a", Delay: 1, Cron: "@hourly"}, "JobOptions"},
		"cron, no id":   {"mail", 1, fleet.JobOptions{Cron: "@hourly"}, "JobOptions.ID"},
		"cron, newline": {"mail", 1, fleet.JobOptions{ID: "a", Cron: "@hourly\r\nX: y"}, "JobOptions.Cron"},
		"method":        {"mail", 1, fleet.JobOptions{Method: "a\r\nNats-Rollup: all"}, "JobOptions.Method"},
		"job":           {"mail", make(chan int), fleet.JobOptions{}, "job"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := f.Submit(ctx(t), c.queue, c.job, &c.o)
			o, ok := errors.AsType[*fleet.OptionError](err)
			require.True(t, ok, "%v", err)
			require.Equal(t, c.want, o.Option)
		})
	}
}

//brood:checks W121
func TestAnIDIsFreeWhenItsJobIsDone(t *testing.T) {
	t.Parallel()
	l := quick("mail")
	l.Duplicates, l.ResultTTL = 100*time.Millisecond, 100*time.Millisecond
	f := dial(t, serve(t, l), fleet.Options{})
	done := make(chan string, 100)
	agent(t, f, 1, fleet.AgentOptions{Queues: queues("mail"), OnEvent: func(e fleet.Event) {
		if e.Kind == fleet.EventDone {
			done <- e.ID
		}
	}})
	for range 5 {
		submit(t, f, "mail", job{}, &fleet.JobOptions{ID: "a"})
		require.Equal(t, "default.a", <-done)
		require.True(t, idle(t, f, "mail"), "it was acknowledged, and the server has said so")
		eventually(t, "the result expires", func() bool {
			info, err := f.Await("a").Info(ctx(t))
			require.NoError(t, err)
			return info.State == fleet.StateUnknown
		})
	}
}

//brood:checks W122
func TestTheIDOfAJobThatIsDoneIsRefused(t *testing.T) {
	l := quick("mail")
	l.ResultTTL = 100 * time.Millisecond
	f := dial(t, serve(t, l), fleet.Options{})
	agent(t, f, 1, fleet.AgentOptions{Queues: queues("mail")})
	j := submit(t, f, "mail", job{Echo: 1}, &fleet.JobOptions{ID: "a"})
	require.NoError(t, j.Wait(ctx(t), nil))
	_, err := f.Submit(ctx(t), "mail", job{Echo: 1}, &fleet.JobOptions{ID: "a"})
	require.ErrorIs(t, err, fleet.ErrAlreadyDone)
	eventually(t, "the result expires", func() bool {
		info, err := f.Await("a").Info(ctx(t))
		require.NoError(t, err)
		return info.State == fleet.StateUnknown
	})
	_, err = f.Submit(ctx(t), "mail", job{Echo: 1}, &fleet.JobOptions{ID: "a"})
	require.ErrorIs(t, err, fleet.ErrAlreadyDone, "the server takes the message, and queues nothing")
	require.True(t, idle(t, f, "mail"))
}
