package pool_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/pool"
)

// The first job is written inside Run. The others are written together, after the callback.
func TestTheFirstOfSeveralJobsIsWithTheWorkerWhenRunReturns(t *testing.T) {
	l := newLoop(t)
	journal := newJournalFile(t)
	p := newPool(t, l, env(raw(pool.Options{Max: 1, InFlight: 4}), journal.env()))
	ready(t, l, p, 1)
	var all []*outcome
	l.NextTick(func() {
		for range 4 {
			all = append(all, run(t, p, order{Do: "pid", Arg: "gathered"}, nil))
		}
		// The loop does not turn meanwhile.
		require.Eventually(t, func() bool { return journal.begun("gathered") == 1 }, looptest.HangLimit(), time.Millisecond)
	})
	until(t, l, func() bool { return len(all) == 4 })
	until(t, l, settled(all...))
	require.Equal(t, 4, journal.begun("gathered"))
	stop(t, l, p)
}
