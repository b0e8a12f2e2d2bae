package childprocess

import (
	"syscall"

	"github.com/brood-go/brood/signals"
)

// watchSIGCHLD begins to watch SIGCHLD. The watcher stays until the loop is closed; it keeps the
// loop alive only while a ref'd child depends on it.
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

// onSIGCHLD queues a look at each of our children, and at no others: one signal may stand for
// many. They are looked at in the immediates phase, so that what they wrote before they ended is
// read first, and each in a callback of its own, so that the ticks of one's exit come before the
// exit of the next, and a listener that panics keeps nobody else from being seen.
func (all *children) onSIGCHLD(syscall.Signal) {
	for c := all.open; c != nil; c = c.next {
		if c.bySIGCHLD && c.state == childRunning {
			all.reapSoon(c)
		}
	}
}

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

// sharedRefs keeps the loop alive, through the watchers that many children share, while one of
// these children runs and is ref'd. Children that have a watcher of their own do not come here.
type sharedRefs struct {
	watchers []refWatcher
	refs     int
}

// refWatcher is a watcher of package signals or reactor.
type refWatcher interface {
	Ref()
	Unref()
}

func (s *sharedRefs) add(w refWatcher) {
	s.watchers = append(s.watchers, w)
	if s.refs > 0 {
		w.Ref()
	}
}

// set counts c, or does not any more.
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
