package socketlist_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/ipc/socketlist"
)

func TestAnAcceptUnderWayCountsAsWhatMayCome(t *testing.T) {
	l := looptest.New(t)
	calls := 0
	tally := socketlist.NewTally(l, func() { calls++ })
	require.True(t, tally.Drained())
	tally.BeginAccept()
	tally.BeginAccept()
	require.False(t, tally.Drained())
	release := tally.EndAccept(true)
	tally.EndAccept(false)
	looptest.Run(t, l)
	require.Zero(t, calls, "one has come")
	release()
	release()
	require.Zero(t, calls, "never inside the call")
	looptest.Run(t, l)
	require.Equal(t, 1, calls)
	require.True(t, tally.Drained())

	tally.BeginAccept()
	tally.EndAccept(true)()
	looptest.Run(t, l)
	require.Equal(t, 1, calls, "nobody has asked since")
	tally.BeginAccept()
	require.False(t, tally.Drained())
	tally.EndAccept(false)
	looptest.Run(t, l)
	require.Equal(t, 2, calls, "none has come")
}
