package signals_test

import (
	"os"
	"os/signal"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/signals"
)

// The vocabulary of all tests of loops, here by its short names.
var (
	run        = looptest.Run
	eventually = looptest.Eventually
)

// newLoop returns a loop that is closed with the test.
func newLoop(t testing.TB) *reactor.Loop {
	t.Helper()
	return newLoopWith(t, reactor.Options{})
}

// newLoopWith is newLoop with options. BROOD_TEST_SIGNALFD=off forces the way without signalfd(2).
func newLoopWith(t testing.TB, o reactor.Options) *reactor.Loop {
	t.Helper()
	l := looptest.NewWith(t, o)
	if os.Getenv("BROOD_TEST_SIGNALFD") == "off" {
		signals.ForgoSignalfd(l)
	}
	return l
}

// watch is Watch that must succeed.
func watch(t testing.TB, l *reactor.Loop, s signals.Signal, fn func(signals.Signal)) *signals.Watcher {
	t.Helper()
	w, err := signals.Watch(l, s, fn)
	require.NoError(t, err, "Watch(%s)", signals.Name(s))
	return w
}

// send sends s to this process.
func send(t testing.TB, s signals.Signal) {
	t.Helper()
	require.NoError(t, unix.Kill(os.Getpid(), s), "kill(%s)", signals.Name(s))
}

// notify is the program's own signal.Notify for s, until the end of the test. It also keeps the
// process alive when nobody watches.
func notify(t testing.TB, s signals.Signal) <-chan os.Signal {
	c := make(chan os.Signal, 16)
	signal.Notify(c, s)
	t.Cleanup(func() { signal.Stop(c) })
	return c
}

// receive waits for a value.
func receive[T any](t testing.TB, c <-chan T, what string) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(looptest.HangLimit()):
		require.FailNow(t, "waited in vain", what)
	}
	return v
}
