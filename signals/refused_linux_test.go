package signals_test

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/internal/test/sandbox"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/signals"
)

var (
	eventfd  = sandbox.Number(unix.SYS_EVENTFD2)
	signalfd = sandbox.Number(unix.SYS_SIGNALFD4)
)

// hears sends s, and turns l until s has come: once to l and once to the program.
func hears(t *testing.T, l *reactor.Loop, s signals.Signal) {
	t.Helper()
	others := notify(t, s)
	got := 0
	w := watch(t, l, s, func(signals.Signal) { got++; l.Stop() })
	send(t, s)
	run(t, l)
	receive(t, others, "the program's own copy")
	w.Close()
	run(t, l)
	require.Equal(t, 1, got)
	require.Empty(t, others)
}

func TestSignalsComeWhereTheirDescriptorsAreRefused(t *testing.T) {
	for name, calls := range map[string][]sandbox.Call{
		"signalfd": {signalfd}, "eventfd": {eventfd}, "both": {signalfd, eventfd},
	} {
		t.Run(name, func(t *testing.T) {
			sandbox.EachRefusal(t, func(t *testing.T, errno unix.Errno) {
				leakcheck.NoNewFDs(t)
				sandbox.Refuse(t, errno, calls...)
				l := newLoop(t)
				hears(t, l, usr1)
				hears(t, l, 40)
				require.NoError(t, l.Close())
			})
		})
	}
}

// A second signal changes the mask of the signalfd, by the call that made it.
func TestSignalfdMayBeRefusedBeforeASecondSignalIsWatched(t *testing.T) {
	needSignalfd(t)
	sandbox.EachRefusal(t, func(t *testing.T, errno unix.Errno) {
		leakcheck.NoNewFDs(t)
		l := newLoop(t)
		got := map[signals.Signal]int{}
		first := watch(t, l, usr1, func(s signals.Signal) { got[s]++; l.Stop() })
		var second *signals.Watcher
		l.NextTick(func() {
			require.True(t, signals.ReadsSignalfd(l))
			sandbox.Refuse(t, errno, signalfd)
			second = watch(t, l, syscall.SIGUSR2, func(s signals.Signal) { got[s]++; l.Stop() })
			require.False(t, signals.ReadsSignalfd(l))
			send(t, syscall.SIGUSR2)
		})
		run(t, l)
		send(t, usr1)
		run(t, l)
		require.Equal(t, map[signals.Signal]int{usr1: 1, syscall.SIGUSR2: 1}, got)
		first.Close()
		second.Close()
		run(t, l)
		require.NoError(t, l.Close())
	})
}

// Closing one of two watchers also changes the mask. A signal forwarded for the other one arrives,
// and none of the closed one.
func TestSignalfdMayBeRefusedBeforeAWatcherIsClosed(t *testing.T) {
	needSignalfd(t)
	sandbox.EachRefusal(t, func(t *testing.T, errno unix.Errno) {
		leakcheck.NoNewFDs(t)
		keepAlive := notify(t, syscall.SIGUSR2)
		l := newLoop(t)
		got := 0
		stays := watch(t, l, usr1, func(signals.Signal) { got++; l.Stop() })
		goes := watch(t, l, syscall.SIGUSR2, func(signals.Signal) { t.Error("called after Close") })
		l.NextTick(func() {
			require.True(t, signals.ReadsSignalfd(l))
			for _, s := range []signals.Signal{usr1, syscall.SIGUSR2} {
				send(t, s)
				awaitForward(t, l, s, 1)
			}
			sandbox.Refuse(t, errno, signalfd)
			goes.Close()
		})
		run(t, l)
		receive(t, keepAlive, "the program's own copy")
		require.Equal(t, 1, got)
		send(t, usr1)
		run(t, l)
		require.Equal(t, 2, got)
		stays.Close()
		run(t, l)
		require.NoError(t, l.Close())
	})
}

// The kernel sends SIGPIPE to the loop's thread, where the loop reads it from the signalfd and
// sends it on by tgkill(2).
func TestASignalOfTheLoopsThreadComesWhereTgkillIsRefused(t *testing.T) {
	needSignalfd(t)
	sandbox.EachRefusal(t, func(t *testing.T, errno unix.Errno) {
		others := notify(t, syscall.SIGPIPE)
		l := newLoop(t)
		got := 0
		w := watch(t, l, syscall.SIGPIPE, func(signals.Signal) { got++; l.Stop() })
		l.NextTick(func() {
			require.True(t, signals.ReadsSignalfd(l))
			sandbox.Refuse(t, errno, sandbox.Number(unix.SYS_TGKILL))
			var p [2]int
			require.NoError(t, unix.Pipe2(p[:], unix.O_CLOEXEC))
			require.NoError(t, unix.Close(p[0]))
			_, err := unix.Write(p[1], []byte("x"))
			require.Equal(t, syscall.EPIPE, err)
			require.NoError(t, unix.Close(p[1]))
		})
		run(t, l)
		receive(t, others, "the program's own copy")
		w.Close()
		run(t, l)
		require.Equal(t, 1, got)
		require.Empty(t, others)
	})
}

func TestWatchFailsWithoutABell(t *testing.T) {
	sandbox.EachRefusal(t, func(t *testing.T, errno unix.Errno) {
		leakcheck.NoNewFDs(t)
		l := newLoop(t)
		sandbox.Refuse(t, errno, eventfd, sandbox.Number(unix.SYS_PIPE2))
		_, err := signals.Watch(l, usr1, func(signals.Signal) {})
		require.ErrorIs(t, err, errno)
		require.IsType(t, &signals.WatchError{}, err)
		require.NoError(t, l.Close())
	})
}
