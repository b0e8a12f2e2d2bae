//go:build !race

package pool_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/pool"
)

// The race detector allocates on its own account, so this file is not built with it.

// TestAJobAllocatesTheTaskTheJobTheMessageAndTheResult: and, in the test itself, the text as an
// any.
func TestAJobAllocatesTheTaskTheJobTheMessageAndTheResult(t *testing.T) {
	const jobs = 200
	for _, inFlight := range []int{1, 16} {
		e := newEchoes(t, inFlight)
		run := func() { e.run(jobs, 2*inFlight) }
		run() // The first time makes what is kept.
		const ofARun = 20
		require.LessOrEqual(t, testing.AllocsPerRun(10, run), 5.0*jobs+ofARun, "%d each", inFlight)
		e.Stop(nil, func(*pool.StopReport) {})
		require.NoError(t, e.loop.Run())
	}
}
