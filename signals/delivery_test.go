package signals_test

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/signals"
)

func TestASignalThatComesWhileTheLoopDoesNotRunIsDeliveredByTheNextRun(t *testing.T) {
	l := newLoop(t)
	others := notify(t, usr1)
	got := 0
	w := watch(t, l, usr1, func(signals.Signal) {
		got++
		l.Stop()
	})
	for i := range 3 {
		send(t, usr1)
		receive(t, others, "the signal")
		require.Equal(t, i, got)
		run(t, l)
		require.Equal(t, i+1, got)
	}
	w.Close()
	run(t, l)
}

func TestPollDelivers(t *testing.T) {
	l := newLoop(t)
	got := 0
	w := watch(t, l, usr1, func(signals.Signal) { got++ })
	for want := 1; want <= 10; want++ {
		send(t, usr1)
		for got < want {
			alive, err := l.Poll(looptest.HangLimit())
			require.NoError(t, err)
			require.True(t, alive)
		}
		require.Equal(t, want, got)
	}
	w.Close()
	run(t, l)
}

func TestTheLoopsDescriptorIsReadableWhenASignalWaits(t *testing.T) {
	l := newLoop(t)
	got := 0
	w := watch(t, l, usr1, func(signals.Signal) { got++ })
	fds := []unix.PollFd{{Fd: int32(l.FD()), Events: unix.POLLIN}}
	readable := func(ms int) bool {
		for {
			n, err := unix.Poll(fds, ms)
			if err != unix.EINTR {
				require.NoError(t, err)
				return n == 1
			}
		}
	}
	for readable(0) { // The alarm of FD's first call.
		_, err := l.Poll(0)
		require.NoError(t, err)
	}
	send(t, usr1)
	for got == 0 {
		require.True(t, readable(int(looptest.HangLimit().Milliseconds())))
		_, err := l.Poll(0)
		require.NoError(t, err)
	}
	require.Equal(t, 1, got)
	w.Close()
	run(t, l)
}

func TestDescriptorsComeBeforeSignalsOfTheSamePoll(t *testing.T) {
	l := newLoop(t)
	others := notify(t, usr1)
	var p [2]int
	require.NoError(t, unix.Pipe(p[:]))
	defer unix.Close(p[0])
	defer unix.Close(p[1])
	var order []string
	var r *reactor.Watcher
	w := watch(t, l, usr1, func(signals.Signal) {
		order = append(order, "signal")
		l.Stop()
	})
	r, err := l.Watch(p[0], reactor.Readable, func(reactor.Readiness) {
		order = append(order, "data")
		r.Close()
	})
	require.NoError(t, err)
	l.NextTick(func() {
		send(t, usr1)
		receive(t, others, "the signal")
		_, err := unix.Write(p[1], []byte("x"))
		require.NoError(t, err)
	})
	run(t, l)
	require.Equal(t, []string{"data", "signal"}, order)
	w.Close()
	run(t, l)
}

func TestAWatcherClosedByAnEarlierOneGetsNothingAndANewOneWaits(t *testing.T) {
	l := newLoop(t)
	others := notify(t, usr1)
	var got []string
	var first, second, late *signals.Watcher
	first = watch(t, l, usr1, func(signals.Signal) {
		receive(t, others, "the copy")
		got = append(got, "first")
		second.Close()
		if late == nil {
			late = watch(t, l, usr1, func(signals.Signal) {
				got = append(got, "late")
				first.Close()
				late.Close()
			})
			l.SetImmediate(func() { send(t, usr1) })
		}
	})
	second = watch(t, l, usr1, func(signals.Signal) { got = append(got, "second") })
	send(t, usr1)
	run(t, l)
	require.Equal(t, []string{"first", "first", "late"}, got)
}

func TestTicksRunBetweenTheWatchersOfOneSignal(t *testing.T) {
	l := newLoop(t)
	var got []string
	var watchers []*signals.Watcher
	for i := range 3 {
		name := strconv.Itoa(i)
		watchers = append(watchers, watch(t, l, usr1, func(signals.Signal) {
			got = append(got, name)
			l.NextTick(func() { got = append(got, "tick"+name) })
			watchers[i].Close()
		}))
	}
	send(t, usr1)
	run(t, l)
	require.Equal(t, "0 tick0 1 tick1 2 tick2", strings.Join(got, " "))
}

func TestAfterAPanicTheOtherWatchersStillGetTheSignal(t *testing.T) {
	for _, handled := range []bool{true, false} {
		var caught []any
		var o reactor.Options
		if handled {
			o.OnPanic = func(v any, _ []byte) { caught = append(caught, v) }
		}
		l := newLoopWith(t, o)
		var first, second *signals.Watcher
		first = watch(t, l, usr1, func(signals.Signal) {
			first.Close()
			panic("first")
		})
		got := 0
		second = watch(t, l, usr1, func(signals.Signal) {
			got++
			second.Close()
		})
		send(t, usr1)
		if handled {
			run(t, l)
			require.Equal(t, []any{"first"}, caught)
		} else {
			require.PanicsWithValue(t, "first", func() { _ = l.Run() })
			run(t, l)
		}
		require.Equal(t, 1, got)
	}
}

func TestADeliveryDoesNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	l := newLoop(t)
	pid, limit, got := os.Getpid(), looptest.HangLimit(), 0
	w := watch(t, l, usr1, func(signals.Signal) {
		got++
		l.Stop()
	})
	require.Zero(t, testing.AllocsPerRun(200, func() {
		_ = unix.Kill(pid, usr1)
		_ = l.Run()
	}), "in Run")
	require.Zero(t, testing.AllocsPerRun(200, func() {
		_ = unix.Kill(pid, usr1)
		for before := got; got == before; {
			_, _ = l.Poll(limit)
		}
	}), "in Poll")
	require.Equal(t, 402, got) // AllocsPerRun makes one call more.
	w.Close()
	run(t, l)
}
