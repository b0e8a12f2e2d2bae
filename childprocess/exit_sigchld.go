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
	w, err := signals.Watch(all.loop, syscall.SIGCHLD, all.childSignal)
	if err != nil {
		return err
	}
	w.Unref()
	all.sigchld = w
	all.shared.add(w)
	return nil
}

// childSignal queues a look at each of our children, and at no others: one signal may stand for
// many. They are looked at in the immediates phase, so that what they wrote before they ended is
// read first, and each in a callback of its own, so that the ticks of one's exit come before the
// exit of the next, and a listener that panics keeps nobody else from being seen.
func (all *children) childSignal(syscall.Signal) {
	for c := all.open; c != nil; c = c.next {
		if c.onSIGCHLD && c.state == childRunning {
			all.lookSoon(c)
		}
	}
}

func (all *children) lookSoon(c *ChildProcess) {
	if c.looking {
		return
	}
	c.looking = true
	all.loop.SetImmediate(func() {
		c.looking = false
		all.look(c)
	})
}

// sharedWatch keeps the loop alive, through the watchers that many children share, while one of
// these children runs and is ref'd. Children that have a watcher of their own do not come here.
type sharedWatch struct {
	watchers []refWatcher
	refs     int
}

// refWatcher is a watcher of package signals or reactor.
type refWatcher interface {
	Ref()
	Unref()
}

func (s *sharedWatch) add(w refWatcher) {
	s.watchers = append(s.watchers, w)
	if s.refs > 0 {
		w.Ref()
	}
}

// set counts c, or does not any more.
func (s *sharedWatch) set(c *ChildProcess, refed bool) {
	if c.refsShared == refed {
		return
	}
	c.refsShared = refed
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
