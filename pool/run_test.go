package pool_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/pool"
)

//brood:checks W001
func TestRunAnswersOnceAndNeverInsideTheCall(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, raw(pool.Options{Max: 2}))
	var all []*outcome
	for range 20 {
		all = append(all, run(t, p, order{Do: "echo", Arg: "héllo\n<>"}, nil))
	}
	until(t, l, settled(all...))
	for _, o := range all {
		require.Equal(t, "héllo\n<>", value[string](o))
	}
	report := stop(t, l, p)
	require.Empty(t, report.Forced)
	require.Equal(t, uint64(20), p.Stats().Succeeded)
	_, err := p.Run(1, nil, func(*pool.Result, error) { t.Error("called") })
	require.ErrorIs(t, err, pool.ErrStopped)
}
