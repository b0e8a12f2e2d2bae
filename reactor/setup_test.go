package reactor_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/fdtest"
	record "github.com/brood-go/brood/internal/test/journal"
	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/reactor"
)

// The vocabulary of all tests of loops, here by its short names.
var (
	newLoop     = looptest.New
	newLoopWith = looptest.NewWith
	run         = looptest.Run
	poll        = looptest.Poll
	pipe        = fdtest.Pipe
)

type (
	descriptor = fdtest.Descriptor
	journal    = record.Journal
)

// notWithNetpoll skips a test for that reason when the environment has all loops sleep in the
// runtime's poller.
func notWithNetpoll(t testing.TB, reason string) {
	t.Helper()
	if looptest.Options().Netpoll {
		t.Skip("with Options.Netpoll " + reason)
	}
}

// oneFileTooOften is why tests that watch one open file very often do not work with
// Options.Netpoll.
const oneFileTooOften = "the kernel lets one open file be watched 500 times, since an epoll instance is inside another"

// threadNotKept is why tests of a loop's thread do not work with it.
const threadNotKept = "each turn may be on another thread: Run does not call the functions of BindThread"

// watch is Loop.Watch that must succeed.
func watch(t testing.TB, l *reactor.Loop, fd int, want reactor.Readiness, fn func(reactor.Readiness)) *reactor.Watcher {
	t.Helper()
	w, err := l.Watch(fd, want, fn)
	require.NoError(t, err, "Watch(%d, %v)", fd, want)
	return w
}

// readyPipe returns the reading end of a pipe that has something to read, and goes on having it.
func readyPipe(t testing.TB) *descriptor {
	t.Helper()
	r, w := pipe(t)
	w.WriteString("x")
	return r
}

// manualClock is a clock that moves only when told to.
type manualClock struct{ now time.Time }

// stopClock gives l a clock that stands still.
func stopClock(l *reactor.Loop) *manualClock {
	c := &manualClock{time.Now()}
	l.SetClock(func() time.Time { return c.now })
	return c
}

func (c *manualClock) advance(d time.Duration) { c.now = c.now.Add(d) }
