package process

import (
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// With one processor a runnable goroutine runs when this one yields. Otherwise it runs only if the
// runtime happens to stop this one.
func TestAGoroutineThatStartsProcessesYields(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for _, locked := range []bool{false, true} {
		if locked { // As a loop is.
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
		}
		var ran atomic.Bool
		go ran.Store(true) // Nobody waits for it: it ends at once.
		var p pace
		p.yieldIfDue()
		require.True(t, ran.Load(), "locked to its thread: %v", locked)
	}
}
