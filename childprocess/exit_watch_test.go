package childprocess_test

import (
	"errors"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/sandbox"
	"github.com/brood-go/brood/reactor"
)

// eachExitWatch runs fn on a loop with each exit watch that this system has.
func eachExitWatch(t *testing.T, fn func(t *testing.T, l *reactor.Loop, w childprocess.ExitWatch)) {
	for _, w := range []childprocess.ExitWatch{
		childprocess.ExitWatchPidfd, childprocess.ExitWatchSIGCHLD, childprocess.ExitWatchKqueue,
	} {
		if errors.Is(childprocess.SetExitWatch(newLoop(t), w), errors.ErrUnsupported) {
			continue
		}
		t.Run(w.String(), func(t *testing.T) {
			l := newLoop(t)
			require.NoError(t, childprocess.SetExitWatch(l, w))
			fn(t, l, w)
		})
	}
}

func TestTheExitWatchIsChosenByProbeOrByTheUser(t *testing.T) {
	sandbox.Need(t, "pidfd_open", "waitid.P_PIDFD")
	require.NoError(t, childprocess.SetExitWatch(newLoop(t), childprocess.ExitWatchAuto))
	ways := 0
	eachExitWatch(t, func(t *testing.T, l *reactor.Loop, w childprocess.ExitWatch) {
		ways++
		ev := events(startWith(t, l, noPipes(), "exit", "3"))
		run(t, l)
		require.Equal(t, []string{"spawn", "exit 3", "close 3"}, ev.Entries)
	})
	require.GreaterOrEqual(t, ways, 2, "every system has SIGCHLD and one way of its own")
}

func TestAnExitWatchThatDoesNotExistIsUnsupported(t *testing.T) {
	l := newLoop(t)
	err := childprocess.SetExitWatch(l, childprocess.ExitWatch(99))
	require.ErrorIs(t, err, errors.ErrUnsupported)
	require.Contains(t, err.Error(), "ExitWatch(99)")
	ev := events(startWith(t, l, noPipes(), "exit", "0"))
	run(t, l)
	require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.Entries, "the choice from before stays")
}

func TestSetExitWatchRefusesLoopsThatAreNone(t *testing.T) {
	err := childprocess.SetExitWatch(nil, childprocess.ExitWatchAuto)
	_, is := errors.AsType[*childprocess.ArgumentError](err)
	require.True(t, is, "%v", err)

	l := newLoop(t)
	require.NoError(t, l.Close())
	err = childprocess.SetExitWatch(l, childprocess.ExitWatchAuto)
	require.ErrorIs(t, err, reactor.ErrClosed)
	require.ErrorIs(t, err, os.ErrClosed)
}

func TestNamesOfExitWatches(t *testing.T) {
	for name, w := range map[string]childprocess.ExitWatch{
		"auto": childprocess.ExitWatchAuto, "pidfd": childprocess.ExitWatchPidfd,
		"sigchld": childprocess.ExitWatchSIGCHLD, "kqueue": childprocess.ExitWatchKqueue, "ExitWatch(200)": 200,
	} {
		require.Equal(t, name, w.String())
	}
}

func TestTheWayCanChangeWhileChildrenLive(t *testing.T) {
	l := newLoop(t)
	var all []*recorder
	var ways []childprocess.ExitWatch
	eachExitWatch(t, func(_ *testing.T, _ *reactor.Loop, w childprocess.ExitWatch) { ways = append(ways, w) })
	for i := range 12 {
		require.NoError(t, childprocess.SetExitWatch(l, ways[i%len(ways)]))
		c := start(t, l, "wait")
		if i%3 == 0 {
			c.Unref()
		}
		all = append(all, events(c))
	}
	l.SetImmediate(func() {
		for _, ev := range all {
			ev.c.Ref()
			ev.c.Stdin.End()
		}
	})
	run(t, l)
	for i, ev := range all {
		require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.process(), "child %d", i)
	}
}
