package reactor_test

import (
	"math"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/test/looptest"
)

// TestASignalDuringTheSleepIsNoError interrupts the poll with a signal that the Go runtime takes
// for a request to preempt.
func TestASignalDuringTheSleepIsNoError(t *testing.T) {
	notWithNetpoll(t, "no thread sleeps in the loop's poll")
	for name, milliseconds := range map[string]bool{"epoll_pwait2": false, "epoll_pwait": true} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			if milliseconds {
				l.ForceMilliseconds()
			}
			var readings atomic.Int64 // of the clock: the end of each sleep is one
			l.SetClock(func() time.Time {
				readings.Add(1)
				return time.Now()
			})
			release := l.Hold()
			l.SetImmediate(func() {
				pid, loopThread := unix.Getpid(), unix.Gettid()
				whenAsleep(l, func() {
					defer release()
					for giveUp := time.Now().Add(looptest.HangLimit()); readings.Load() < 100; runtime.Gosched() {
						if err := unix.Tgkill(pid, loopThread, unix.SIGURG); err != nil || time.Now().After(giveUp) {
							t.Errorf("no sleep was interrupted: %v", err)
							return
						}
					}
				})
			})
			run(t, l)
			require.GreaterOrEqual(t, readings.Load(), int64(100))
		})
	}
}

// TestWithoutEpollPwait2TimersAreNeverEarly forces the time-outs of epoll_pwait(2), which are whole
// milliseconds.
func TestWithoutEpollPwait2TimersAreNeverEarly(t *testing.T) {
	l := newLoop(t)
	l.ForceMilliseconds()
	testNeverEarly(t, l)
}

// TestWithoutEpollPwait2ATimerTakesOneSleep: a time-out rounded down would give a sleep that is too
// short, and then busy turns until the millisecond is over.
func TestWithoutEpollPwait2ATimerTakesOneSleep(t *testing.T) {
	l := newLoop(t)
	l.ForceMilliseconds()
	fired := false
	l.SetTimeout(20*time.Millisecond+time.Microsecond, func() { fired = true })
	run(t, l)
	require.True(t, fired)
	require.LessOrEqual(t, l.Stats().Turns, uint64(4), "the sleep and the firing, with allowance for interruptions")
}

func TestWithoutEpollPwait2HugeTimeoutsSleep(t *testing.T) {
	const most = math.MaxInt32 * time.Millisecond // what the call takes
	for _, huge := range []time.Duration{most, most + 1, most + time.Millisecond, math.MaxInt64} {
		l := newLoop(t)
		l.ForceMilliseconds()
		timer := l.SetTimeout(huge, func() { t.Errorf("a timer of %v fired", huge) })
		whenAsleep(l, l.Stop)
		run(t, l)
		require.LessOrEqual(t, l.Stats().Turns, uint64(2), "%v", huge)
		timer.Stop()
	}
}
