package reactor_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/test/fdtest"
	"github.com/brood-go/brood/internal/test/sandbox"
	"github.com/brood-go/brood/reactor"
)

// rawEpoll is a foreign event loop with an epoll(7) of its own.
type rawEpoll struct {
	t  *testing.T
	fd int
}

// epollAround returns a rawEpoll that watches l.
func epollAround(t *testing.T, l *reactor.Loop) *rawEpoll {
	t.Helper()
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	require.NoError(t, err)
	fdtest.Own(t, fd)
	ev := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(l.FD())}
	require.NoError(t, unix.EpollCtl(fd, unix.EPOLL_CTL_ADD, l.FD(), &ev))
	return &rawEpoll{t, fd}
}

// wait reports whether the loop inside becomes readable within so many milliseconds.
func (e *rawEpoll) wait(ms int) bool {
	e.t.Helper()
	var events [4]unix.EpollEvent
	for {
		n, err := unix.EpollWait(e.fd, events[:], ms)
		if err == unix.EINTR {
			continue
		}
		require.NoError(e.t, err)
		return n == 1
	}
}

// TestAForeignEpollWakesExactlyWhenThereIsWork puts the loop inside a foreign epoll, which calls
// Poll(0) when the loop is readable and otherwise sleeps.
//
//brood:checks S077
func TestAForeignEpollWakesExactlyWhenThereIsWork(t *testing.T) {
	for _, work := range embeddedWork {
		t.Run(work.name, func(t *testing.T) {
			l := embedded(t)
			epoll := epollAround(t, l)
			require.False(t, epoll.wait(0))
			for round := range 3 {
				done := false
				work.queue(t, l, func() { done = true })
				wakes := 0
				for !done {
					require.True(t, epoll.wait(-1))
					wakes++
					poll(t, l)
				}
				require.LessOrEqual(t, wakes, 2, "round %d", round)
				if epoll.wait(0) {
					poll(t, l)
				}
				require.False(t, epoll.wait(0), "round %d: it would spin", round)
			}
		})
	}
}

//brood:checks S077
func TestAForeignEpollSleepsUntilATimerIsDueAndNoLonger(t *testing.T) {
	l := embedded(t)
	epoll := epollAround(t, l)
	var timer *reactor.Timer
	ticks, wakes := 0, 0
	start := time.Now()
	const period = 3*time.Millisecond + 333*time.Microsecond
	timer = l.SetInterval(period, func() {
		if ticks++; ticks == 10 {
			timer.Stop()
		}
		require.GreaterOrEqual(t, time.Since(start), time.Duration(ticks)*period)
	})
	for alive := true; alive; wakes++ {
		require.True(t, epoll.wait(-1))
		alive = poll(t, l)
	}
	require.Equal(t, 10, ticks)
	require.LessOrEqual(t, wakes, 2*ticks)
	require.False(t, epoll.wait(0))
}

//brood:checks S077
func TestOneWakeUpForABurstOfPostsIntoAnEmbeddedLoop(t *testing.T) {
	l := embedded(t)
	epoll := epollAround(t, l)
	ran := 0
	for range 1000 {
		require.NoError(t, l.Post(func() { ran++ }))
	}
	require.True(t, epoll.wait(0))
	require.False(t, poll(t, l))
	require.Equal(t, 1000, ran)
	require.False(t, epoll.wait(0))
}

// TestAnEmbeddedLoopSetsItsAlarmOnlyForAnEarlierTimer: a timer that each event postpones leaves the
// alarm where it is.
func TestAnEmbeddedLoopSetsItsAlarmOnlyForAnEarlierTimer(t *testing.T) {
	sandbox.Need(t, "timerfd_create", "timerfd_settime")
	l := embedded(t)
	left := func() time.Duration {
		poll(t, l)
		d, err := l.AlarmLeft()
		require.NoError(t, err)
		return d
	}
	require.Zero(t, left())
	timer := l.SetTimeout(time.Hour, func() {})
	require.Positive(t, left())
	require.LessOrEqual(t, left(), time.Hour)
	timer.Reset(2 * time.Hour)
	require.LessOrEqual(t, left(), time.Hour)
	timer.Reset(time.Minute)
	require.LessOrEqual(t, left(), time.Minute)
	require.Positive(t, left())
	timer.Stop()
	require.Zero(t, left(), "nothing is left to go off for")
}
