package looptest

import (
	"runtime"
	"testing"
	"time"

	"github.com/brood-go/brood/reactor"
)

// Poll is [reactor.Loop.Poll] for one turn that does not sleep. It returns whether l is still
// alive.
func Poll(t testing.TB, l *reactor.Loop) bool {
	t.Helper()
	alive, err := l.Poll(0)
	if err != nil {
		t.Fatalf("Poll: %v", err)
	}
	return alive
}

// A Poller makes turns. Loops do, and the stand-ins of tests.
type Poller interface {
	Poll(max time.Duration) (alive bool, err error)
}

// Until has l turn until done holds, which it asks after each turn.
func Until(t testing.TB, l Poller, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(HangLimit()); !done(); {
		if !time.Now().Before(deadline) {
			t.Fatalf("the test hangs")
		}
		if _, err := l.Poll(time.Millisecond); err != nil {
			t.Fatalf("Poll: %v", err)
		}
	}
}

// Eventually waits until done holds, for a state that another goroutine or process brings about
// without an event. It must not be called on the loop goroutine when the loop has a part in that.
//
// If done never holds, t fails with the text, which names the awaited state.
func Eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(HangLimit()); !done(); runtime.Gosched() {
		if !time.Now().Before(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}
