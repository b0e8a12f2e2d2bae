package signals_test

import (
	"math"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/signals"
)

func TestEverySignalHasANameOfItsOwnThatParsesBack(t *testing.T) {
	owner := map[string]signals.Signal{}
	for s := signals.Signal(1); s <= signals.MaxSignal; s++ {
		name := signals.Name(s)
		require.True(t, strings.HasPrefix(name, "SIG"), "Name(%d) = %q", int(s), name)
		require.NotContains(t, owner, name, "Name(%d)", int(s))
		owner[name] = s

		back, err := signals.Parse(name)
		require.NoError(t, err)
		require.Equal(t, s, back, "Parse(%q)", name)
	}
}

func TestNameOfSignalsEverySystemHas(t *testing.T) {
	for want, s := range map[string]signals.Signal{
		"SIGHUP": syscall.SIGHUP, "SIGINT": syscall.SIGINT, "SIGQUIT": syscall.SIGQUIT, "SIGKILL": syscall.SIGKILL,
		"SIGTERM": syscall.SIGTERM, "SIGUSR1": syscall.SIGUSR1, "SIGSTOP": syscall.SIGSTOP, "SIGWINCH": syscall.SIGWINCH,
		// These have an alias.
		"SIGABRT": syscall.SIGIOT, "SIGCHLD": syscall.SIGCHLD, "SIGIO": syscall.SIGIO, "SIGSYS": syscall.SIGSYS,
	} {
		require.Equal(t, want, signals.Name(s), "Name(%d)", int(s))
	}
}

func TestNameOfNumbersThatAreNoSignalIsReadableAndDoesNotParse(t *testing.T) {
	for _, n := range []int{math.MinInt32, -65, -1, 0, int(signals.MaxSignal) + 1, 200, 4096, math.MaxInt32} {
		name := signals.Name(signals.Signal(n))
		require.Equal(t, "signal "+strconv.Itoa(n), name)
		_, err := signals.Parse(name)
		require.ErrorIs(t, err, signals.ErrUnknown, "Parse(%q)", name)
	}
}

func TestNameOfRealTimeSignalsCountsFromTheNearerEnd(t *testing.T) {
	if signals.RTMin > signals.RTMax {
		for s := signals.Signal(1); s <= signals.MaxSignal; s++ {
			require.NotContains(t, signals.Name(s), "SIGRT", "this system has no real-time signals")
		}
		return
	}
	require.Equal(t, "SIGRTMIN", signals.Name(signals.RTMin))
	require.Equal(t, "SIGRTMIN+1", signals.Name(signals.RTMin+1))
	require.Equal(t, "SIGRTMAX-1", signals.Name(signals.RTMax-1))
	require.Equal(t, "SIGRTMAX", signals.Name(signals.RTMax))

	half := int(signals.RTMax-signals.RTMin) / 2
	require.Equal(t, "SIGRTMIN+"+strconv.Itoa(half), signals.Name(signals.RTMin+signals.Signal(half)))
	next := signals.RTMin + signals.Signal(half) + 1
	require.Equal(t, "SIGRTMAX-"+strconv.Itoa(int(signals.RTMax-next)), signals.Name(next))
}
