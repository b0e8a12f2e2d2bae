package childprocess

import (
	"context"
	"runtime"
	"sync/atomic"
)

// This file is for a goroutine that waits for its child on a loop of its own, as those of SpawnSync
// do. On the background loop a child costs the program neither a thread nor a goroutine, but each
// call two hand-overs between threads, which take half as long as a small child. So the first few
// calls at a time do without it.

// tasksAlone is how many tasks have a loop of their own. It belongs to the program because their
// threads do.
var tasksAlone atomic.Int32

// ownLoop returns the children of a loop for this task alone, nil where it has to share one:
// because it is read while its loop runs, because a function of its options must not panic on the
// caller's goroutine, because there are enough of them, or because the loop would watch SIGCHLD and
// not be kept. It is nil, too, when no loop can be made: the other way finds out why.
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

// startOwn is startOn for a loop that ownLoop has returned.
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

// whyBroken returns why the loop has broken.
func (t *task) whyBroken() error {
	if t.shared == nil {
		return t.broken
	}
	return context.Cause(t.shared.stopped)
}
