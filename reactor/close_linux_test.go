package reactor_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/internal/test/sandbox"
)

// TestFDWithoutADescriptorForItsAlarmFailsUntilThereIsOne: the alarm of an embedded loop is a
// timerfd(2).
func TestFDWithoutADescriptorForItsAlarmFailsUntilThereIsOne(t *testing.T) {
	sandbox.Need(t, "timerfd_create")
	l := newLoop(t)
	watchers := l.Stats().Watchers
	left := leaveDescriptors(t, 0)
	require.Equal(t, -1, l.FD())
	require.Equal(t, watchers, l.Stats().Watchers)
	left.restore()
	require.GreaterOrEqual(t, l.FD(), 0)
}

func TestFDThatCannotWatchItsAlarmLeavesNoDescriptor(t *testing.T) {
	sandbox.Need(t, "timerfd_create")
	leakcheck.NoNewFDs(t)
	l := newLoop(t)
	mend := breakPoller(t, l)
	require.Equal(t, -1, l.FD())
	mend()
	require.GreaterOrEqual(t, l.FD(), 0)
	require.NoError(t, l.Close())
}
