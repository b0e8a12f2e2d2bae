package childprocess

import (
	"syscall"

	"github.com/brood-go/brood/signals"
)

// This file is the exit watch for systems without pidfds, and for stop and continue events: SIGCHLD
// through package signals. All of it runs on the loop goroutine.

// watchSIGCHLD starts to watch SIGCHLD, if it does not yet. The watcher stays until the loop is
// closed; it keeps the loop alive only while a ref'd child depends on it. The error is that of
// [signals.Watch].
func (all *children) watchSIGCHLD() error {
	if all.sigchld != nil {
		return nil
	}
	w, err := signals.Watch(all.loop, syscall.SIGCHLD, all.onSIGCHLD)
	if err != nil {
		return err
	}
	w.Unref()
	all.sigchld = w
	all.sharedRefs.add(w)
	return nil
}

// onSIGCHLD queues a reap of each child of this loop that is watched this way, because one signal
// may stand for several exits (signal(7)). It never waits for other children of the program.
func (all *children) onSIGCHLD(syscall.Signal) {
	for c := all.open; c != nil; c = c.next {
		if c.bySIGCHLD && c.state == childRunning {
			all.reapSoon(c)
		}
	}
}

// reapSoon queues a reap of c in the immediates phase, when the data that c wrote before has been
// read. Each reap is a callback of its own: the ticks of one exit run before the next exit, and a
// listener that panics does not keep other children from being reaped.
func (all *children) reapSoon(c *ChildProcess) {
	if c.reapQueued {
		return
	}
	c.reapQueued = true
	all.loop.SetImmediate(func() {
		c.reapQueued = false
		all.reap(c)
	})
}

// sharedRefs keeps the loop alive while children run that are ref'd and have no watcher of their
// own, through the watchers that they share. The watchers are ref'd while refs > 0.
type sharedRefs struct {
	watchers []refWatcher
	refs     int // children that are counted: those with inSharedRefs
}

// refWatcher is a watcher of package signals or reactor.
type refWatcher interface {
	Ref()
	Unref()
}

// add adds a watcher, which is unref'd.
func (s *sharedRefs) add(w refWatcher) {
	s.watchers = append(s.watchers, w)
	if s.refs > 0 {
		w.Ref()
	}
}

// set counts c if refed is set, and otherwise no longer counts it. A second call changes nothing.
func (s *sharedRefs) set(c *ChildProcess, refed bool) {
	if c.inSharedRefs == refed {
		return
	}
	c.inSharedRefs = refed
	if refed {
		s.refs++
		if s.refs == 1 {
			for _, w := range s.watchers {
				w.Ref()
			}
		}
		return
	}
	s.refs--
	if s.refs == 0 {
		for _, w := range s.watchers {
			w.Unref()
		}
	}
}
