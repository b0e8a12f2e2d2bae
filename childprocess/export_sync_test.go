package childprocess

import (
	"slices"

	"github.com/brood-go/brood/reactor"
)

// Limits of the pool of loops, and of the stderr that an ExitError keeps.
const (
	MaxIdleLoops = maxIdleLoops
	TailSize     = tailSize
)

// OpenPrivateLoops sets the function that opens loops for the calls that wait, and closes idle
// loops.
func OpenPrivateLoops(open func() (*reactor.Loop, error)) {
	p := &privateLoops
	p.mu.Lock()
	idle := slices.Clone(p.idle)
	p.idle = nil
	p.open = open
	p.mu.Unlock()
	for _, i := range idle {
		_ = i.loop.Close()
	}
}

// IdleLoops is the number of loops that wait for the next call.
func IdleLoops() int {
	privateLoops.mu.Lock()
	defer privateLoops.mu.Unlock()
	return len(privateLoops.idle)
}

// BackgroundUsers returns the number of acquires of the background loop.
func BackgroundUsers() int {
	background.mu.Lock()
	defer background.mu.Unlock()
	if background.current == nil {
		return 0
	}
	return background.current.users
}

// BackgroundRuns reports whether the background loop runs.
func BackgroundRuns() bool {
	background.mu.Lock()
	defer background.mu.Unlock()
	return background.current != nil
}

// TasksAlone returns the number of calls that wait on a loop of their own.
func TasksAlone() int { return int(tasksAlone.Load()) }

// RetireBackground ends the background loop, which must have no user, and waits for its end.
func RetireBackground() {
	background.mu.Lock()
	s := background.current
	background.mu.Unlock()
	if s != nil {
		background.retire(s)
		<-s.stopped.Done()
	}
}

// Collect captures the output of the child, as the forms that wait do. The result is valid after
// close.
func Collect(c *ChildProcess) (result func() *SyncResult) {
	k := newCollector(c, -1)
	k.captureAll()
	return k.result
}
