package signals_test

import (
	"os"
	"runtime"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/signals"
)

// awaitForward waits until so many signals s are on their way to l. No event reports that.
func awaitForward(t testing.TB, l *reactor.Loop, s signals.Signal, times int) {
	t.Helper()
	eventually(t, signals.Name(s)+" is forwarded", func() bool { return signals.Forwarded(l, s) >= times })
}

// A signal that was forwarded to the thread and is unread when the loop leaves Run, or closes the
// watcher, must not enter the program again.
func TestASignalPendingOnTheThreadWhenRunEndsIsDeliveredOnceByTheNextRun(t *testing.T) {
	for _, s := range []signals.Signal{syscall.SIGTERM, 40} {
		others := notify(t, s)
		l := newLoop(t)
		got := 0
		w := watch(t, l, s, func(signals.Signal) {
			got++
			l.Stop()
		})
		// An immediate runs after the poll: there is no other poll before the end of Run.
		l.SetImmediate(func() {
			send(t, s)
			receive(t, others, "the signal")
			awaitForward(t, l, s, 1)
			l.Stop()
		})
		run(t, l)
		require.Zero(t, got)
		run(t, l)
		require.Equal(t, 1, got)
		require.Empty(t, others)
		w.Close()
		run(t, l)
		require.Empty(t, others)
	}
}

func init() {
	helperproc.Register("close-with-forward-pending", func([]string) {
		l, err := reactor.New(nil)
		must(err)
		w, err := signals.Watch(l, syscall.SIGTERM, func(signals.Signal) { panic("called after Close") })
		must(err)
		l.NextTick(func() {
			must(unix.Kill(os.Getpid(), syscall.SIGTERM))
			for signals.Forwarded(l, syscall.SIGTERM) == 0 {
				runtime.Gosched()
			}
			w.Close()
		})
		must(l.Run())
		must(l.Close())
	})
}

//brood:checks S064
func TestAForwardThatIsPendingWhenTheWatcherIsClosedDoesNotEndTheProcess(t *testing.T) {
	require.NoError(t, helper("close-with-forward-pending").Run())
}

// The kernel sends SIGPIPE to the thread that writes.
func TestASignalOfTheLoopsOwnSystemCallIsDelivered(t *testing.T) {
	eachWay(t, func(t *testing.T, newLoop func(testing.TB) *reactor.Loop) {
		others := notify(t, syscall.SIGPIPE)
		var p [2]int
		require.NoError(t, unix.Pipe2(p[:], unix.O_CLOEXEC))
		defer unix.Close(p[1])
		require.NoError(t, unix.Close(p[0]))
		l := newLoop(t)
		got := 0
		var w *signals.Watcher
		w = watch(t, l, syscall.SIGPIPE, func(signals.Signal) {
			got++
			w.Close()
		})
		l.NextTick(func() {
			_, err := unix.Write(p[1], []byte("x"))
			require.Equal(t, syscall.EPIPE, err)
		})
		run(t, l)
		require.Equal(t, 1, got)
		receive(t, others, "the program's own copy")
		require.Empty(t, others)
	})
}

// The kernel drops a pending SIGTSTP when SIGCONT is sent, and a pending SIGCONT when SIGTSTP is
// sent, so neither may wait on the thread.
func TestStopAndContinueBothArriveInEitherOrder(t *testing.T) {
	for _, order := range [][]signals.Signal{{syscall.SIGTSTP, syscall.SIGCONT}, {syscall.SIGCONT, syscall.SIGTSTP}} {
		l := newLoop(t)
		var got []signals.Signal
		watchers := map[signals.Signal]*signals.Watcher{}
		for _, s := range order {
			watchers[s] = watch(t, l, s, func(s signals.Signal) {
				got = append(got, s)
				watchers[s].Close()
			})
		}
		l.NextTick(func() {
			for _, s := range order {
				send(t, s)
				awaitForward(t, l, s, 1)
			}
		})
		run(t, l)
		require.ElementsMatch(t, order, got)
	}
}

// The kernel queues real-time signals, so several of one number can be on their way to the loop.
func TestARealTimeSignalForwardedTwiceIsDeliveredTwice(t *testing.T) {
	needSignalfd(t)
	const s signals.Signal = 40
	others := notify(t, s)
	l := newLoop(t)
	got := 0
	var w *signals.Watcher
	w = watch(t, l, s, func(signals.Signal) {
		if got++; got == 2 {
			w.Close()
		}
	})
	l.NextTick(func() {
		for times := range 2 {
			send(t, s)
			receive(t, others, "the signal")
			awaitForward(t, l, s, times+1)
		}
	})
	run(t, l)
	require.Equal(t, 2, got)
	require.Empty(t, others, "neither was taken for somebody else's")
}
