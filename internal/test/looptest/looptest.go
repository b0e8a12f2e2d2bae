// Package looptest makes the loops that tests run: as the environment wants them, closed with the
// test, and stopped when they hang.
//
// A package whose loops need more sets it up after [New] or [NewWith] returned. Cleanups run in the
// opposite order, so those that the package adds then still find the loop open.
package looptest

import (
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/brood-go/brood/reactor"
)

// HangLimit returns how long a test waits for an event that ought to come at once. It only ends
// tests that hang. No test's meaning depends on it, so it is absurdly long.
// BROOD_TEST_TIMEOUT_SCALE stretches it for slow machines.
//
// Safe to call from any goroutine.
func HangLimit() time.Duration {
	const limit = 2 * time.Minute
	if scale, err := strconv.ParseFloat(os.Getenv("BROOD_TEST_TIMEOUT_SCALE"), 64); err == nil {
		return time.Duration(scale * float64(limit))
	}
	return limit
}

// Options returns the options that the environment forces on every loop: BROOD_TEST_WAKEUP=pipe
// forces the pipe wake-up, and BROOD_TEST_WAKEUP=netpoll the sleep in the runtime's poller. The
// caller may keep and change them. They are for loops of helper programs, which have no test to be
// closed with.
//
// Safe to call from any goroutine.
func Options() *reactor.Options {
	wakeup := os.Getenv("BROOD_TEST_WAKEUP")
	return &reactor.Options{PipeWakeup: wakeup == "pipe", Netpoll: wakeup == "netpoll"}
}

// New returns a loop as the environment wants it, see [Options]. It is closed with t, unless t has
// done it, and must not be alive then: a test leaves nothing that keeps its loop alive. A test
// whose loop still exists after [HangLimit] fails, and its loop stops. Benchmarks and fuzzing run
// as long as they are told to.
//
// If t has failed, neither is checked. A package that has more to end then (children, workers) ends
// it in a Cleanup of its own, so that one failure does not become many.
func New(t testing.TB) *reactor.Loop {
	t.Helper()
	return NewWith(t, reactor.Options{})
}

// NewWith is [New] with options, to which those that the environment forces are added.
func NewWith(t testing.TB, o reactor.Options) *reactor.Loop {
	t.Helper()
	forced := Options()
	o.PipeWakeup = o.PipeWakeup || forced.PipeWakeup
	o.Netpoll = o.Netpoll || forced.Netpoll
	l, err := reactor.New(&o)
	if err != nil {
		t.Fatalf("reactor.New(%+v): %v", o, err)
	}
	stopWatchdog := watch(t, l)
	t.Cleanup(func() {
		stopWatchdog()
		alive, err := l.Alive(), l.Close()
		switch {
		// Not fatal: in a cleanup that would hide the panic of the test.
		case t.Failed():
		case err != nil:
			t.Errorf("Close: %v", err)
		case alive:
			t.Errorf("the test left something that keeps its loop alive")
		}
	})
	return l
}

// Run runs l until nothing keeps it alive. If t has failed by then, Run ends it, because a loop
// that the watchdog stopped leaves work half done that would only fail again.
func Run(t testing.TB, l *reactor.Loop) {
	t.Helper()
	if err := l.Run(); err != nil {
		t.Fatalf("Run: %v", err)
	}
	if t.Failed() {
		t.FailNow()
	}
}

// watch fails t and stops l after HangLimit, unless stop was called. When stop returns the watchdog
// is not running: a test that has ended must not be touched.
func watch(t testing.TB, l *reactor.Loop) (stop func()) {
	switch t.(type) {
	case *testing.B, *testing.F:
		return func() {}
	}
	barked := make(chan struct{})
	watchdog := time.AfterFunc(HangLimit(), func() {
		defer close(barked)
		t.Errorf("the loop hangs")
		l.Stop()
	})
	return func() {
		if !watchdog.Stop() {
			<-barked
		}
	}
}
