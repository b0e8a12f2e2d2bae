package fleet_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/fleet"
)

func TestADeadJobOfAnotherProgramHidesNoOther(t *testing.T) {
	s := serve(t, quick("mail"))
	_, js := raw(t, s)
	f := dial(t, s, fleet.Options{})
	for id, body := range map[string]string{
		"a": "no JSON", "b": `{"queue":7}`, "c": `{"queue":"x.y >","kind":"failed"}`, "d": `{"queue":"","kind":"failed"}`,
	} {
		_, err := js.Publish(ctx(t), "fleet.dead.default."+id, []byte(body))
		require.NoError(t, err)
	}
	agent(t, f, 1, fleet.AgentOptions{Queues: queues("mail"), MaxAttempts: 1})
	submit(t, f, "mail", job{Fail: "no"}, &fleet.JobOptions{ID: "z"})
	var found []string
	eventually(t, "it is dead", func() bool {
		found = nil
		all, err := f.Dead(ctx(t), "", 0)
		require.NoError(t, err)
		for _, d := range all {
			found = append(found, d.ID)
		}
		return len(found) == 5
	})
	require.Equal(t, "default.z", found[4])
	for _, id := range []string{"a", "b", "c", "d"} {
		dead, ok := errors.AsType[*fleet.DeadError](f.Await(id).Wait(ctx(t), nil))
		require.True(t, ok, id)
		require.Equal(t, "default."+id, dead.ID)
		_, err := f.Requeue(ctx(t), id)
		_, ok = errors.AsType[*fleet.OptionError](err)
		require.True(t, ok, "%s: %v", id, err)
	}
}
