package signals_test

import (
	"context"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/signals"
)

// eachWay runs a test with the signalfd and without.
func eachWay(t *testing.T, test func(t *testing.T, newLoop func(t testing.TB) *reactor.Loop)) {
	t.Run("signalfd", func(t *testing.T) { test(t, newLoop) })
	t.Run("bell", func(t *testing.T) {
		test(t, func(t testing.TB) *reactor.Loop {
			l := newLoop(t)
			signals.ForgoSignalfd(l)
			return l
		})
	})
}

// needSignalfd skips tests that make no sense without one.
func needSignalfd(t testing.TB) {
	t.Helper()
	if os.Getenv("BROOD_TEST_SIGNALFD") == "off" {
		t.Skip("BROOD_TEST_SIGNALFD=off")
	}
	fd, err := unix.Signalfd(-1, &unix.Sigset_t{}, unix.SFD_CLOEXEC)
	if err != nil {
		t.Skipf("signalfd: %v", err)
	}
	require.NoError(t, unix.Close(fd))
}

//brood:checks S060
func TestEveryRealTimeSignalThatTheRuntimeLeavesFree(t *testing.T) {
	eachWay(t, func(t *testing.T, newLoop func(testing.TB) *reactor.Loop) {
		const sends = 10
		l := newLoop(t)
		got := map[signals.Signal]int{}
		want := map[signals.Signal]int{}
		for s := signals.Signal(35); s <= 64; s++ {
			want[s] = sends
			var w *signals.Watcher
			w = watch(t, l, s, func(other signals.Signal) {
				require.Equal(t, s, other)
				if got[s]++; got[s] < sends {
					send(t, s)
				} else {
					w.Close()
				}
			})
			send(t, s)
		}
		run(t, l)
		require.Equal(t, want, got)
	})
}

func TestEverySignalIsEitherRefusedOrDelivered(t *testing.T) {
	eachWay(t, func(t *testing.T, newLoop func(testing.TB) *reactor.Loop) {
		l := newLoop(t)
		var refused []signals.Signal
		for s := signals.Signal(1); s <= signals.MaxSignal; s++ {
			got := 0
			var w *signals.Watcher
			w, err := signals.Watch(l, s, func(signals.Signal) {
				got++
				w.Close()
			})
			if err != nil {
				refused = append(refused, s)
				continue
			}
			send(t, s)
			run(t, l)
			require.Equal(t, 1, got, signals.Name(s))
		}
		want := []signals.Signal{syscall.SIGILL, syscall.SIGTRAP, syscall.SIGBUS, syscall.SIGFPE, syscall.SIGKILL,
			syscall.SIGSEGV, syscall.SIGSTOP, syscall.SIGPROF, syscall.SIGSYS, 32, 33, 34}
		require.Subset(t, refused, want)
		for _, s := range refused[len(want):] {
			require.Greater(t, s, signals.Signal(64), "only MIPS has others that the runtime cannot catch")
		}
	})
}

// sendsToAll are the signals to send, and the threads to send them to: 0 is the process.
type sendsToAll struct {
	signal signals.Signal
	thread int
}

// Two loops on threads of their own and the program's signal.Notify each get every signal once.
func TestEverySpacedSignalReachesTwoLoopsAndSignalNotifyOnce(t *testing.T) {
	eachWay(t, func(t *testing.T, newLoop func(testing.TB) *reactor.Loop) {
		sends := 200
		if testing.Short() {
			sends = 50
		}
		watched := []signals.Signal{usr1, syscall.SIGTERM, 40}
		notified := make(chan os.Signal, 16)
		signal.Notify(notified, usr1, syscall.SIGTERM, syscall.Signal(40))
		defer signal.Stop(notified)

		other, otherSaw, otherThread := loopElsewhere(t, newLoop, watched)
		l := newLoop(t)
		saw := make(chan signals.Signal, 16)
		var watchers []*signals.Watcher
		for _, s := range watched {
			watchers = append(watchers, watch(t, l, s, func(s signals.Signal) { saw <- s }))
		}
		thread := make(chan int, 1)
		finished := make(chan struct{})
		l.NextTick(func() { thread <- unix.Gettid() })
		// This goroutine sends and ends before the loop does. The test's goroutine runs the loop.
		go func() {
			defer close(finished)
			defer l.Stop()
			targets := []int{0, <-thread, otherThread}
			for i := range sends * len(watched) {
				next := sendsToAll{watched[i%len(watched)], 0}
				if i%4 == 3 { // Most go to the process, as they do in life.
					next.thread = targets[i/4%len(targets)]
				}
				if !sendToAll(t, next, saw, otherSaw, notified) {
					return
				}
			}
		}()
		run(t, l)
		<-finished
		other.Stop()
		<-otherSaw // Closed when that loop is.
		for _, w := range watchers {
			w.Close()
		}
		run(t, l)
		require.Empty(t, saw)
		require.Empty(t, notified)
	})
}

// loopElsewhere runs a loop on a goroutine of its own until it is stopped. Its watchers send their
// signals to saw, which is closed at the end.
func loopElsewhere(
	t *testing.T, newLoop func(testing.TB) *reactor.Loop, watched []signals.Signal,
) (l *reactor.Loop, saw chan signals.Signal, thread int) {
	l = newLoop(t)
	saw = make(chan signals.Signal, 16)
	started := make(chan int, 1)
	go func() {
		defer close(saw)
		var watchers []*signals.Watcher
		for _, s := range watched {
			w, err := signals.Watch(l, s, func(s signals.Signal) { saw <- s })
			if err != nil {
				t.Errorf("Watch: %v", err)
				return
			}
			watchers = append(watchers, w)
		}
		l.NextTick(func() { started <- unix.Gettid() })
		if err := l.Run(); err != nil {
			t.Errorf("Run: %v", err)
		}
		for _, w := range watchers {
			w.Close()
		}
		if err := l.Run(); err != nil {
			t.Errorf("Run: %v", err)
		}
	}()
	return l, saw, receive(t, started, "the other loop")
}

// sendToAll sends one signal and reports whether all three have got it, and nothing else. Safe to
// call from any goroutine.
func sendToAll(t *testing.T, next sendsToAll, a, b <-chan signals.Signal, c <-chan os.Signal) bool {
	var err error
	if next.thread == 0 {
		err = unix.Kill(os.Getpid(), next.signal)
	} else {
		err = unix.Tgkill(os.Getpid(), next.thread, next.signal)
	}
	if err != nil {
		t.Errorf("send %+v: %v", next, err)
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), looptest.HangLimit())
	defer cancel()
	for left := 3; left > 0; left-- {
		var got os.Signal
		select {
		case got = <-a:
		case got = <-b:
		case got = <-c:
		case <-ctx.Done():
			t.Errorf("%+v was not seen by %d of 3", next, left)
			return false
		}
		if got != next.signal {
			t.Errorf("%v came in place of %v", got, next.signal)
			return false
		}
	}
	return true
}

func TestNothingIsLostWhileTwentyGoroutinesKeepAllThreadsBusy(t *testing.T) {
	eachWay(t, func(t *testing.T, newLoop func(testing.TB) *reactor.Loop) {
		for _, row := range []struct {
			name       string
			work       func()
			sends, few int
		}{
			// By the time a goroutine has its turn, others have had 10 ms each.
			{"and never yield", func() {}, 8, 2},
			{"and yield", runtime.Gosched, 300, 50},
			{"in system calls", func() { unix.Getppid() }, 8, 2},
		} {
			t.Run(row.name, func(t *testing.T) {
				if testing.Short() {
					row.sends = row.few
				}
				defer keepBusy(20, row.work)()
				l := newLoop(t)
				got := 0
				var w *signals.Watcher
				w = watch(t, l, usr1, func(signals.Signal) {
					if got++; got < row.sends {
						send(t, usr1)
					} else {
						w.Close()
					}
				})
				send(t, usr1)
				run(t, l)
				require.Equal(t, row.sends, got)
			})
		}
	})
}

// keepBusy starts goroutines that call work over and over. stop ends them and waits for that.
func keepBusy(n int, work func()) (stop func()) {
	var quit atomic.Bool
	var running sync.WaitGroup
	for range n {
		running.Go(func() {
			for !quit.Load() {
				work()
			}
		})
	}
	return func() {
		quit.Store(true)
		running.Wait()
	}
}

// Every SIGCHLD announces at least one child. If one were lost, the wait for its child would never
// end.
func TestTheSIGCHLDOf3000ChildrenIsSeen(t *testing.T) {
	for name, parallel := range map[string]int{"one at a time": 1, "32 at a time": 32} {
		t.Run(name, func(t *testing.T) {
			eachWay(t, func(t *testing.T, newLoop func(testing.TB) *reactor.Loop) {
				children := 3000
				if testing.Short() {
					children = 200
				}
				reapAll(t, newLoop(t), children, parallel)
			})
		})
	}
}

func reapAll(t *testing.T, l *reactor.Loop, children, parallel int) {
	living := map[int]bool{}
	started, reaped := 0, 0
	refill := func() {
		for len(living) < parallel && started < children {
			pid, err := syscall.ForkExec("/bin/true", []string{"true"}, &syscall.ProcAttr{})
			require.NoError(t, err)
			living[pid] = true
			started++
		}
	}
	var w *signals.Watcher
	w = watch(t, l, syscall.SIGCHLD, func(signals.Signal) {
		for pid := range living {
			got, err := syscall.Wait4(pid, nil, syscall.WNOHANG, nil)
			require.NoError(t, err)
			if got == pid {
				delete(living, pid)
				reaped++
			}
		}
		if refill(); len(living) == 0 {
			w.Close()
		}
	})
	l.NextTick(refill)
	run(t, l)
	require.Equal(t, children, reaped)
	require.Empty(t, living)
}

func TestALoopInsideACallbackOfAnotherGetsItsSignalsToo(t *testing.T) {
	outer, inner := newLoop(t), newLoop(t)
	others := notify(t, usr1)
	var order []string
	var out, in *signals.Watcher
	out = watch(t, outer, usr1, func(signals.Signal) {
		order = append(order, "outer")
		if len(order) == 4 {
			out.Close()
		}
	})
	outer.NextTick(func() {
		for range 3 {
			in = watch(t, inner, usr1, func(signals.Signal) {
				order = append(order, "inner")
				in.Close()
			})
			send(t, usr1)
			run(t, inner)
			receive(t, others, "the copy")
		}
	})
	run(t, outer)
	// Three signals that came while the outer loop did not turn count as one for it.
	require.Equal(t, []string{"inner", "inner", "inner", "outer"}, order)
	require.Empty(t, others)
}

func TestTheSignalfdIsReadInRunAndNotInPoll(t *testing.T) {
	needSignalfd(t)
	l := newLoop(t)
	w := watch(t, l, usr1, func(signals.Signal) {})
	require.Contains(t, targets(), "anon_inode:[signalfd]")
	l.NextTick(func() { require.False(t, signals.ReadsSignalfd(l)) })
	_, err := l.Poll(0)
	require.NoError(t, err)
	l.NextTick(func() {
		require.True(t, signals.ReadsSignalfd(l))
		w.Close()
		require.False(t, signals.ReadsSignalfd(l))
		require.NotContains(t, targets(), "anon_inode:[signalfd]", "it is closed with the last watcher")
	})
	run(t, l)
}

func targets() (list []string) {
	for _, target := range leakcheck.FDs() {
		list = append(list, target)
	}
	return list
}
