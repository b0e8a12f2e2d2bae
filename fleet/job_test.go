package fleet_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/fleet"
)

func TestAJobIsDoneByAChild(t *testing.T) {
	f := dial(t, serve(t, quick("mail")), fleet.Options{Client: "web"})
	agent(t, f, 2, fleet.AgentOptions{Name: "one", Queues: queues("mail")})
	j := submit(t, f, "mail", job{Echo: "hello"}, nil)
	var text string
	require.NoError(t, j.Wait(ctx(t), &text))
	require.Equal(t, "hello", text)
	r, err := j.Result(ctx(t))
	require.NoError(t, err)
	require.Equal(t, fleet.Tries{Attempt: 1}, r.Tries)
	require.Equal(t, "one", r.Agent)
	require.Equal(t, "mail", r.Queue)
	require.Equal(t, "web."+j.ID(), r.ID)
	require.WithinDuration(t, time.Now(), r.Time, time.Hour)
}

//brood:checks W130
func TestFailuresUpToMaxAttemptsThenDead(t *testing.T) {
	f := dial(t, serve(t, quick("mail")), fleet.Options{})
	agent(t, f, 1, fleet.AgentOptions{Queues: queues("mail"), MaxAttempts: 3})

	says := submit(t, f, "mail", job{Fail: "no such address"}, nil)
	dead, ok := errors.AsType[*fleet.DeadError](says.Wait(ctx(t), nil))
	require.True(t, ok)
	require.Equal(t, fleet.DeadFailed, dead.Kind)
	require.Equal(t, fleet.Tries{Attempt: 3, Failures: 3}, dead.Tries)
	require.Contains(t, dead.Reason, "no such address")

	dies := submit(t, f, "mail", job{Die: "out of paper"}, &fleet.JobOptions{MaxAttempts: 2})
	dead, ok = errors.AsType[*fleet.DeadError](dies.Wait(ctx(t), nil))
	require.True(t, ok)
	require.Equal(t, fleet.Tries{Attempt: 2, Failures: 2}, dead.Tries)
	require.Contains(t, dead.Reason, "exit status 7")
	require.Equal(t, "out of paper\n", dead.Stderr)

	info, err := f.Queue(ctx(t), "mail")
	require.NoError(t, err)
	require.Zero(t, info.Waiting)
	require.Zero(t, info.Running, "it was taken off the queue")
}
