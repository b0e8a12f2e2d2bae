package fleet_test

import (
	"errors"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/fleet"
)

// died reports whether the process was killed by its own SIGKILL.
func died(t testing.TB, p *process) {
	t.Helper()
	status, ok := p.wait().Sys().(syscall.WaitStatus)
	require.True(t, ok)
	require.Equal(t, syscall.SIGKILL, status.Signal(), "%v", p.cmd.ProcessState)
}

//brood:checks W125
func TestKilledBetweenAnyTwoStepsAJobHasItsResult(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		step string
		job  job
		runs []int // possible numbers of runs that begin
		want fleet.Tries
	}{
		{"delivered", job{}, []int{1}, fleet.Tries{Attempt: 2, Lost: 1}},
		{"started", job{}, []int{1, 2}, fleet.Tries{Attempt: 2, Lost: 1}},
		{"answered", job{}, []int{2}, fleet.Tries{Attempt: 2, Lost: 1}},
		{"storing", job{}, []int{2}, fleet.Tries{Attempt: 2, Lost: 1}},
		{"stored", job{}, []int{1}, fleet.Tries{Attempt: 1}},
		{"acknowledged", job{}, []int{1}, fleet.Tries{Attempt: 1}},
	} {
		t.Run(c.step, func(t *testing.T) {
			t.Parallel()
			s := serve(t, quick("mail"))
			f := dial(t, s, fleet.Options{})
			log := filepath.Join(t.TempDir(), "log")
			c.job.Log, c.job.Echo = log, c.step
			victim := start(t, agentConfig{URL: s.URL(), Queues: []string{"mail"}, DieAt: c.step})
			j := submit(t, f, "mail", c.job, nil)
			died(t, victim)
			a := agent(t, f, 1, fleet.AgentOptions{Queues: queues("mail")})
			defer a.Close()
			r, err := j.Result(ctx(t))
			require.NoError(t, err)
			require.Equal(t, c.want, r.Tries)
			eventually(t, "it is off the queue", func() bool { return idle(t, f, "mail") })
			times, err := ran(log)
			require.NoError(t, err)
			require.Contains(t, c.runs, times[r.ID])
		})
	}
}

//brood:checks W125
func TestKilledBetweenAnyTwoStepsADeadJobIsInTheDeadStream(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		step string
		want fleet.Tries
	}{
		{"failing", fleet.Tries{Attempt: 3, Failures: 2, Lost: 1}},
		{"counted", fleet.Tries{Attempt: 2, Failures: 2}},
		{"burying", fleet.Tries{Attempt: 3, Failures: 2, Lost: 1}},
		{"buried", fleet.Tries{Attempt: 2, Failures: 2}},
	} {
		t.Run(c.step, func(t *testing.T) {
			t.Parallel()
			s := serve(t, quick("mail"))
			f := dial(t, s, fleet.Options{})
			victim := start(t, agentConfig{URL: s.URL(), Queues: []string{"mail"}, DieAt: c.step})
			j := submit(t, f, "mail", job{Fail: "no"}, &fleet.JobOptions{MaxAttempts: 2})
			died(t, victim)
			a := agent(t, f, 1, fleet.AgentOptions{Queues: queues("mail")})
			defer a.Close()
			eventually(t, "it is off the queue", func() bool { return idle(t, f, "mail") })
			dead, ok := errors.AsType[*fleet.DeadError](j.Wait(ctx(t), nil))
			require.True(t, ok)
			require.Equal(t, fleet.DeadFailed, dead.Kind)
			require.Equal(t, c.want, dead.Tries)
		})
	}
}
