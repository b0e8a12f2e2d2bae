package signals_test

import (
	"os"
	"slices"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/signals"
)

const (
	usr1 = syscall.SIGUSR1
	usr2 = syscall.SIGUSR2
)

//brood:checks S059
func TestAWatcherGetsTenSignalsNoneWhileClosedAndTenAgain(t *testing.T) {
	l := newLoop(t)
	others := notify(t, usr1)
	got := 0
	ten := func() {
		stop := got + 10
		var w *signals.Watcher
		w = watch(t, l, usr1, func(s signals.Signal) {
			require.Equal(t, usr1, s)
			receive(t, others, "the copy of the signal")
			if got++; got < stop {
				send(t, usr1)
			} else {
				w.Close()
			}
		})
		send(t, usr1)
		run(t, l)
	}
	ten()
	require.Equal(t, 10, got)
	for range 10 {
		send(t, usr1)
		receive(t, others, "a signal nobody watches")
	}
	run(t, l)
	require.Equal(t, 10, got, "the watcher is closed")
	ten()
	require.Equal(t, 20, got)
}

//brood:checks S060
func TestEveryWatcherSeesEverySpacedSendInTheOrderOfMaking(t *testing.T) {
	const sends = 20
	l := newLoop(t)
	var got, want []string
	var watchers []*signals.Watcher
	left := sends
	for i := range 4 {
		s := []signals.Signal{usr1, usr2}[i%2]
		last := i >= 2 // of its signal
		watchers = append(watchers, watch(t, l, s, func(s signals.Signal) {
			got = append(got, strconv.Itoa(i)+signals.Name(s))
			if !last {
				return
			}
			if left--; left > 0 {
				send(t, s^usr1^usr2) // the other one
				return
			}
			for _, w := range watchers {
				w.Close()
			}
		}))
	}
	send(t, usr1)
	run(t, l)
	for range sends / 2 {
		want = append(want, "0SIGUSR1", "2SIGUSR1", "1SIGUSR2", "3SIGUSR2")
	}
	require.Equal(t, want, got)
}

//brood:checks S061
func TestAWatcherClosedInItsOwnCallbackIsOneShotAndCanBeArmedAgain(t *testing.T) {
	l := newLoop(t)
	others := notify(t, usr1)
	calls := 0
	arm := func() {
		var w *signals.Watcher
		w = watch(t, l, usr1, func(signals.Signal) {
			calls++
			w.Close()
			w.Close()
			for range 9 {
				receive(t, others, "the signal before")
				send(t, usr1)
			}
			receive(t, others, "the tenth signal")
		})
	}
	for shot := 1; shot <= 3; shot++ {
		arm()
		send(t, usr1)
		run(t, l)
		require.Equal(t, shot, calls)
	}
}

//brood:checks S062
func TestWatchersClosedInAnyOrderLeaveTheOthersReceiving(t *testing.T) {
	orders := [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}}
	l := newLoop(t)
	for _, order := range orders {
		others := notify(t, usr1)
		var watchers []*signals.Watcher
		var got []int
		for i := range 3 {
			watchers = append(watchers, watch(t, l, usr1, func(signals.Signal) {
				got = append(got, i)
				l.Stop()
			}))
		}
		open := []int{0, 1, 2}
		for _, i := range order {
			got = nil
			send(t, usr1)
			run(t, l)
			require.Equal(t, open, got, "order %v", order)
			watchers[i].Close()
			open = slices.DeleteFunc(open, func(other int) bool { return other == i })
		}
		run(t, l)
		for range order {
			receive(t, others, "a signal")
		}
		got = nil
		send(t, usr1)
		receive(t, others, "a signal nobody watches")
		run(t, l)
		require.Empty(t, got)

		// A later one works.
		var late *signals.Watcher
		late = watch(t, l, usr1, func(signals.Signal) {
			got = append(got, 3)
			late.Close()
		})
		send(t, usr1)
		run(t, l)
		require.Equal(t, []int{3}, got)
	}
}

//brood:checks S063
func TestSignalsThatCannotBeWatchedAreRefused(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := newLoop(t)
	for _, row := range []struct {
		want    error
		signals []signals.Signal
	}{
		{signals.ErrUncatchable, []signals.Signal{syscall.SIGKILL, syscall.SIGSTOP}},
		{signals.ErrSynchronous, []signals.Signal{syscall.SIGSEGV, syscall.SIGBUS, syscall.SIGFPE, syscall.SIGILL, syscall.SIGTRAP, syscall.SIGSYS}},
		{signals.ErrReserved, []signals.Signal{syscall.SIGPROF}},
		{signals.ErrUnknown, []signals.Signal{0, -1, signals.MaxSignal + 1}},
	} {
		for _, s := range row.signals {
			w, err := signals.Watch(l, s, func(signals.Signal) {})
			require.Nil(t, w)
			require.ErrorIs(t, err, row.want, "Watch(%s)", signals.Name(s))
			require.ErrorIs(t, err, os.ErrInvalid)
			require.Equal(t, &signals.WatchError{Signal: s, Err: row.want}, err)
		}
	}
	require.False(t, l.Alive())
	require.EqualError(t, &signals.WatchError{Signal: syscall.SIGKILL, Err: signals.ErrUncatchable}, "signals: watch SIGKILL: cannot be caught")
}

//brood:checks S064
func TestAnUnrefdWatcherDoesNotHoldTheLoopUntilItsClosing(t *testing.T) {
	l := newLoop(t)
	w := watch(t, l, usr1, func(signals.Signal) {})
	require.True(t, l.Alive())
	w.Unref()
	w.Unref()
	require.False(t, l.Alive())
	w.Ref()
	w.Ref()
	require.True(t, l.Alive())
	w.Unref()
	run(t, l)

	closed := 0
	w.OnClose(func() { closed++ })
	w.Close()
	w.Close()
	require.Zero(t, closed, "never inside the call")
	require.True(t, l.Alive())
	run(t, l)
	require.Equal(t, 1, closed)
	w.Ref()
	w.Unref()
	require.False(t, l.Alive())
}

//brood:checks S064
func TestASignalPendingWhenTheWatcherIsClosedIsDropped(t *testing.T) {
	others := notify(t, usr1)
	l := newLoop(t)
	first := watch(t, l, usr1, func(signals.Signal) { require.Fail(t, "called after Close") })
	l.NextTick(func() {
		send(t, usr1)
		receive(t, others, "the signal")
		first.Close()
	})
	run(t, l)
}

//brood:checks S064
func TestAnUnrefdWatcherIsCalledWhileSomethingElseHoldsTheLoop(t *testing.T) {
	l := newLoop(t)
	release := l.Hold()
	w := watch(t, l, usr1, func(signals.Signal) { release() })
	w.Unref()
	send(t, usr1)
	run(t, l)
	w.Close()
	run(t, l)
}

func TestAnUnrefdWatcherIsClosedWithItsLoop(t *testing.T) {
	leakcheck.NoNewFDs(t)
	others := notify(t, usr1)
	l, err := reactor.New(nil)
	require.NoError(t, err)
	w := watch(t, l, usr1, func(signals.Signal) { require.Fail(t, "called after the loop was closed") })
	w.OnClose(func() { require.Fail(t, "closed without events") })
	w.Unref()
	// A pending signal for the watcher is no reason to refuse.
	send(t, usr1)
	receive(t, others, "the signal")
	require.NoError(t, l.Close())
	w.Close()
	w.Ref()
	_, err = signals.Watch(l, usr1, func(signals.Signal) {})
	require.ErrorIs(t, err, reactor.ErrClosed)
}

func TestMisuseIsRefusedAtOnce(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := newLoop(t)
	require.PanicsWithValue(t, "signals: Watch on a nil Loop", func() { _, _ = signals.Watch(nil, usr1, func(signals.Signal) {}) })
	require.PanicsWithValue(t, "signals: Watch: nil callback", func() { _, _ = signals.Watch(l, usr1, nil) })
	w := watch(t, l, usr1, func(signals.Signal) {})
	require.PanicsWithValue(t, "signals: OnClose: nil callback", func() { w.OnClose(nil) })
	w.Close()
	run(t, l)
}

func TestWatchWithoutDescriptorsFailsAndLeavesNothing(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := newLoop(t)
	var old unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &old))
	highest := slices.Max(fds())
	fill(t, highest)
	// One more descriptor each time, until it succeeds.
	for room := 0; ; room++ {
		limited := old
		assign(&limited.Cur, highest+1+room)
		require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &limited))
		w, err := signals.Watch(l, usr1, func(signals.Signal) {})
		require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &old))
		if err == nil {
			require.Positive(t, room)
			w.Close()
			break
		}
		require.Nil(t, w)
		require.ErrorIs(t, err, syscall.EMFILE)
		require.False(t, l.Alive())
		require.Less(t, room, 8)
	}
	run(t, l)
}

// assign stores n in a limit, whose type depends on the system.
func assign[T int64 | uint64](limit *T, n int) { *limit = T(n) }

func fds() (list []int) {
	for fd := range leakcheck.FDs() {
		list = append(list, fd)
	}
	return list
}

// fill occupies every free descriptor number up to highest until the end of the test.
func fill(t testing.TB, highest int) {
	t.Helper()
	for {
		fd, err := unix.Open(os.DevNull, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		require.NoError(t, err)
		if fd > highest {
			require.NoError(t, unix.Close(fd))
			return
		}
		t.Cleanup(func() { _ = unix.Close(fd) })
	}
}
