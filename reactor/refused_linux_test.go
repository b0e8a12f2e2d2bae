package reactor_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/internal/test/sandbox"
	"github.com/brood-go/brood/reactor"
)

func TestWhereEpollPwait2IsRefusedTimersAreNeverEarly(t *testing.T) {
	sandbox.EachRefusal(t, func(t *testing.T, errno unix.Errno) {
		sandbox.Refuse(t, errno, sandbox.Number(unix.SYS_EPOLL_PWAIT2))
		testNeverEarly(t, newLoop(t))
	})
}

func TestEpollPwait2MayBeRefusedWhileTheLoopRuns(t *testing.T) {
	sandbox.EachRefusal(t, func(t *testing.T, errno unix.Errno) {
		l := newLoop(t)
		ticks := 0
		var timer *reactor.Timer
		timer = l.SetInterval(time.Millisecond, func() {
			switch ticks++; ticks {
			case 3:
				sandbox.Refuse(t, errno, sandbox.Number(unix.SYS_EPOLL_PWAIT2))
			case 6:
				timer.Stop()
			}
		})
		run(t, l)
		require.Equal(t, 6, ticks)
	})
}

func TestWhereEventfdIsRefusedAPostWakesTheLoop(t *testing.T) {
	sandbox.EachRefusal(t, func(t *testing.T, errno unix.Errno) {
		leakcheck.NoNewFDs(t)
		sandbox.Refuse(t, errno, sandbox.Number(unix.SYS_EVENTFD2))
		l := newLoop(t)
		for range 3 {
			release := l.Hold()
			whenAsleep(l, func() {
				if err := l.Post(release); err != nil {
					t.Error(err)
				}
			})
			run(t, l)
		}
	})
}

// The timers of an embedded loop make FD readable by timerfd(2). The kernel may refuse either of
// its calls, at any time.
func TestWhereTimerfdIsRefusedAnEmbeddedLoopIsWokenForItsTimers(t *testing.T) {
	const period = 2 * time.Millisecond
	for name, call := range map[string]uint32{"create": unix.SYS_TIMERFD_CREATE, "settime": unix.SYS_TIMERFD_SETTIME} {
		for when, late := range map[string]bool{"": false, " later": true} {
			t.Run(name+when, func(t *testing.T) {
				sandbox.EachRefusal(t, func(t *testing.T, errno unix.Errno) {
					leakcheck.NoNewFDs(t)
					refuse := func() { sandbox.Refuse(t, errno, sandbox.Number(call)) }
					if !late {
						refuse()
					}
					l := newLoop(t)
					epoll := epollAround(t, l)
					start := time.Now()
					ticks := 0
					var timer *reactor.Timer
					timer = l.SetInterval(period, func() {
						ticks++
						require.GreaterOrEqual(t, time.Since(start), time.Duration(ticks)*period)
						if ticks == 5 {
							timer.Stop()
						}
					})
					if late {
						refuse()
					}
					wakes := 0
					for alive := true; alive; wakes++ {
						require.True(t, epoll.wait(-1))
						alive = poll(t, l)
					}
					require.Equal(t, 5, ticks)
					require.LessOrEqual(t, wakes, 4*ticks, "it spins")
				})
			})
		}
	}
}

// New returns the error at once and leaves no descriptor.
func TestNewFailsWithoutAnIndispensableCall(t *testing.T) {
	for name, calls := range map[string][]uint32{
		"epoll_create1": {unix.SYS_EPOLL_CREATE1},
		"watch":         {unix.SYS_EPOLL_CTL},
		"pipe":          {unix.SYS_EVENTFD2, unix.SYS_PIPE2},
	} {
		t.Run(name, func(t *testing.T) {
			sandbox.EachRefusal(t, func(t *testing.T, errno unix.Errno) {
				leakcheck.NoNewFDs(t)
				for _, nr := range calls {
					sandbox.Refuse(t, errno, sandbox.Number(nr))
				}
				_, err := reactor.New(nil)
				failure, ok := errors.AsType[*reactor.OpError](err)
				require.True(t, ok, "%v", err)
				require.Equal(t, name, failure.Op)
				require.Equal(t, errno, failure.Err)
			})
		})
	}
}

func TestALoopWhosePollIsRefusedReturnsTheError(t *testing.T) {
	sandbox.EachRefusal(t, func(t *testing.T, errno unix.Errno) {
		l := newLoop(t)
		timer := l.SetTimeout(time.Hour, func() {})
		sandbox.Refuse(t, errno, sandbox.Number(unix.SYS_EPOLL_PWAIT), sandbox.Number(unix.SYS_EPOLL_PWAIT2))
		require.ErrorIs(t, l.Run(), errno)
		timer.Stop()
	})
}

// EPERM is also the kernel's answer for a regular file, which is always ready.
func TestAWatcherThatTheSandboxRefusesIsNotAlwaysReady(t *testing.T) {
	sandbox.EachRefusal(t, func(t *testing.T, errno unix.Errno) {
		l := newLoop(t)
		r, _ := pipe(t)
		sandbox.Refuse(t, errno, sandbox.Number(unix.SYS_EPOLL_CTL))
		_, err := l.Watch(r.FD, reactor.Readable, func(reactor.Readiness) { t.Error("called") })
		failure, ok := errors.AsType[*reactor.OpError](err)
		require.True(t, ok, "%v", err)
		require.Equal(t, reactor.OpError{Op: "watch", FD: r.FD, Err: errno}, *failure)
	})
}
