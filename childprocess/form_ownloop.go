package childprocess

import (
	"context"
	"runtime"
	"sync/atomic"
)

// ownLoop, startOwn and runOwn run a task on a loop of its own, on the goroutine that waits, as
// SpawnSync does. The background loop needs no thread per child, but it costs each call two
// switches between threads, half the time of a small child. So the first few concurrent calls do
// without it.

// tasksAlone is the number of tasks that have a loop of their own now. It is per program, because
// GOMAXPROCS, its limit, is.
var tasksAlone atomic.Int32

// ownLoop returns the children of a loop for this task alone, or nil if the task has to use the
// background loop:
//
//   - Lines are read while the loop runs, so on another goroutine.
//   - CancelFunc and StopWhen may panic, which must not unwind through the caller.
//   - GOMAXPROCS tasks have a loop of their own already.
//   - A loop that watches SIGCHLD is not kept, so it would be made anew for each call.
//   - No loop can be made. The background loop then reports the error.
func (t *task) ownLoop(o *Options) *children {
	if t.use == useLines || o.CancelFunc != nil || o.StopWhen != nil {
		return nil
	}
	if int(tasksAlone.Add(1)) > runtime.GOMAXPROCS(0) {
		tasksAlone.Add(-1)
		return nil
	}
	if l, err := privateLoops.get(); err == nil {
		all, err := childrenOf(l)
		if err == nil && all.exitWatch != ExitWatchSIGCHLD {
			return all
		}
		privateLoops.put(l)
	}
	tasksAlone.Add(-1)
	return nil
}

// startOwn is startOn for a loop that ownLoop returned. On an error it gives the loop back.
func (t *task) startOwn(all *children, o *Options, in input) error {
	t.loop = all.loop
	c, err := t.fork(&all.starter, all.exitWatch, o, in)
	if err != nil {
		privateLoops.put(all.loop)
		tasksAlone.Add(-1)
		return err
	}
	t.enter(c, o)
	return nil
}

// runOwn runs the task's own loop to its end, which is that of the child, and gives it back. It
// reports false when the loop has broken.
func (t *task) runOwn() bool {
	if !t.ran {
		t.ran = true
		defer tasksAlone.Add(-1)
		t.broken = runPrivate(t.loop, t.waitForFeeder)
	}
	return t.broken == nil
}

// whyBroken returns the error of the Run that has failed.
func (t *task) whyBroken() error {
	if t.shared == nil {
		return t.broken
	}
	return context.Cause(t.shared.stopped)
}
