//go:build !race

package pool_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/pool"
)

// This file is not built with the race detector, which allocates too.

// TestAJobAllocatesTheTaskTheJobTheMessageAndTheResult also counts the text as an any, which the
// test itself makes.
func TestAJobAllocatesTheTaskTheJobTheMessageAndTheResult(t *testing.T) {
	const jobs = 200
	for _, inFlight := range []int{1, 16} {
		e := newEchoes(t, inFlight)
		run := func() { e.run(jobs, 2*inFlight) }
		run() // The first run makes memory that is used again.
		const ofARun = 20
		require.LessOrEqual(t, testing.AllocsPerRun(10, run), 5.0*jobs+ofARun, "%d each", inFlight)
		e.Stop(nil, func(*pool.StopReport) {})
		require.NoError(t, e.loop.Run())
	}
}
