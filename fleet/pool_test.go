package fleet_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/fleet"
	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/reactor"
)

// A slot has room for one outcome: a second one would block it for ever.
func TestAJobOfAClosedLoopHasOneOutcome(t *testing.T) {
	t.Parallel()
	l, err := reactor.New(looptest.Options())
	require.NoError(t, err)
	require.NoError(t, l.Close())
	require.Equal(t, 1, fleet.CancelOnClosedLoop(l))
}
