package process

import (
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// With one processor a goroutine that has been made runnable runs when this one yields, and
// otherwise only if the runtime stops this one just then.
func TestWhoStartsProcessesYields(t *testing.T) {
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
