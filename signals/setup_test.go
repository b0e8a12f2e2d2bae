package signals_test

import (
	"os"
	"os/signal"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/signals"
)

// hangLimit only ends tests that wait for what will not come; no test's meaning depends on it. BROOD_TEST_TIMEOUT_SCALE
// stretches it for slow machines.
func hangLimit() time.Duration {
	const limit = 2 * time.Minute
	if scale, err := strconv.ParseFloat(os.Getenv("BROOD_TEST_TIMEOUT_SCALE"), 64); err == nil {
		return time.Duration(scale * float64(limit))
	}
	return limit
}

// newLoop returns a loop that is closed with the test, which must succeed: a test leaves nothing that keeps it alive.
func newLoop(t testing.TB) *reactor.Loop {
	t.Helper()
	return newLoopWith(t, reactor.Options{})
}

// newLoopWith is newLoop with options. BROOD_TEST_WAKEUP=pipe forces the pipe wake-up, BROOD_TEST_SIGNALFD=off the way
// without signalfd(2).
func newLoopWith(t testing.TB, o reactor.Options) *reactor.Loop {
	t.Helper()
	o.PipeWakeup = o.PipeWakeup || os.Getenv("BROOD_TEST_WAKEUP") == "pipe"
	l, err := reactor.New(&o)
	require.NoError(t, err)
	if os.Getenv("BROOD_TEST_SIGNALFD") == "off" {
		signals.ForgoSignalfd(l)
	}
	watchdog := time.AfterFunc(hangLimit(), func() {
		t.Errorf("the loop hangs")
		l.Stop()
	})
	t.Cleanup(func() {
		watchdog.Stop()
		if err := l.Close(); !t.Failed() {
			require.NoError(t, err, "the test left something that keeps its loop alive")
		}
	})
	return l
}

// run runs l until nothing keeps it alive.
func run(t testing.TB, l *reactor.Loop) {
	t.Helper()
	require.NoError(t, l.Run())
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

// notify is the program's own signal.Notify for s, until the end of the test. It also keeps the process alive when nobody
// watches.
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
	case <-time.After(hangLimit()):
		require.FailNow(t, "waited in vain", what)
	}
	return v
}
