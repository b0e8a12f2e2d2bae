package reactor

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// A Watcher calls its function while a descriptor is ready. Make one with [Loop.Watch]. Its methods
// must be called on the loop goroutine.
type Watcher struct {
	loop        *Loop
	fn          func(Readiness)
	fd          int       // borrowed from the caller of Watch
	want        Readiness // 0 exactly while the watcher is not active
	token       token     // its slot in loop.watchers, until it is closed
	state       watcherState
	alwaysReady bool // fd cannot be polled; valid while the watcher is active
	late        bool // Late was called
	unrefed     bool // it does not count in loop.refs
}

// watcherState moves from idle to active and back, and from both to closed, where it stays.
type watcherState uint8

const (
	watcherIdle   watcherState = iota // wants nothing; the poller does not have it
	watcherActive                     // wants something; the poller has it, or it is always ready
	watcherClosed
)

// Watch calls fn in the poll phase, once a turn, while fd has one of the wanted conditions. With
// want 0 the watcher begins idle and [Watcher.Set] starts it. An active watcher keeps Run alive.
// Descriptors that cannot be polled (regular files, directories, some devices) are always ready.
//
// Watch borrows fd: close the watcher before the descriptor. Otherwise, while a copy of the
// descriptor is open anywhere, the kernel may report it for ever. The loop notices that after a
// while and counts it in [Stats]; unless it is embedded by [Loop.FD], it also drops the
// registration. Errors are *[OpError] (EBADF, EEXIST, ENOSPC…) or [ErrClosed]. Watch panics when fn
// is nil.
//
// Preconditions:
//
//   - fd is in non-blocking mode, or fn never makes a call that would wait.
//   - No other active watcher of this loop has fd (EEXIST).
func (l *Loop) Watch(fd int, want Readiness, fn func(got Readiness)) (*Watcher, error) {
	l.check("Watch")
	if fn == nil {
		panic("reactor: Watch: nil callback")
	}
	if l.closed {
		return nil, ErrClosed
	}
	return l.watch(fd, want&conditions, fn)
}

// WatchInto is [Loop.Watch] with the Watcher in memory of the caller, which saves an allocation: w
// is a field of the object that watches.
//
// Preconditions:
//
//   - *w is zero.
//   - After WatchInto, even if it fails, *w is neither moved nor given to another Watch.
func (l *Loop) WatchInto(w *Watcher, fd int, want Readiness, fn func(got Readiness)) error {
	l.check("WatchInto")
	if fn == nil {
		panic("reactor: WatchInto: nil callback")
	}
	if l.closed {
		return ErrClosed
	}
	return l.watchInto(w, fd, want&conditions, fn)
}

func (l *Loop) watch(fd int, want Readiness, fn func(got Readiness)) (*Watcher, error) {
	w := new(Watcher)
	if err := l.watchInto(w, fd, want, fn); err != nil {
		return nil, err
	}
	return w, nil
}

func (l *Loop) watchInto(w *Watcher, fd int, want Readiness, fn func(got Readiness)) error {
	if fd < 0 {
		return wrap("watch", fd, syscall.EBADF)
	}
	if want == 0 {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil {
			return wrap("watch", fd, err)
		}
	}
	*w = Watcher{loop: l, fn: fn, fd: fd}
	w.token = l.watchers.insert(w)
	if err := w.set(want); err != nil {
		w.Close()
		return err
	}
	return nil
}

// Set changes the conditions that the watcher waits for. With 0 it becomes idle: it gets no
// callbacks, not even for a hang-up, and does not keep Run alive. Errors are as for Watch;
// [ErrClosed] after Close.
func (w *Watcher) Set(want Readiness) error { return w.set(want & conditions) }

func (w *Watcher) set(want Readiness) error {
	switch {
	case w.state == watcherClosed:
		return ErrClosed
	case want == w.want:
		return nil
	case want == 0:
		w.deactivate(true)
		return nil
	case w.state == watcherIdle:
		return w.activate(want)
	}
	if !w.alwaysReady {
		if w.loop.watchers.owner(w.fd) != w {
			// fd was closed and its number is watched anew. That registration is another watcher's.
			return wrap("watch", w.fd, syscall.EBADF)
		}
		if err := w.loop.poller.modify(w.fd, w.token, w.want, want); err != nil {
			return wrap("watch", w.fd, err)
		}
	}
	w.want = want
	w.announce()
	return nil
}

// Close closes the watcher for good and drops a callback that is due in this turn. It does not
// close the descriptor. Closing twice is harmless.
func (w *Watcher) Close() { w.close(true) }

// CloseWithFD is Close for a descriptor that the caller closes next, and that is the only one of
// its open file description: then close(2) removes it from the poller, which saves a system call.
// Another process may hold a copy for a moment, as a child does between fork and execve. The loop
// drops events that the poller reports meanwhile.
func (w *Watcher) CloseWithFD() { w.close(false) }

func (w *Watcher) close(unregister bool) {
	if w.state == watcherClosed {
		return
	}
	w.deactivate(unregister)
	w.state = watcherClosed
	w.loop.watchers.remove(w)
}

// Ref makes the watcher keep Run alive while it is active, as a new one does.
func (w *Watcher) Ref() {
	if w.unrefed {
		w.unrefed = false
		if w.state == watcherActive {
			w.loop.ref()
		}
	}
}

// Unref lets Run return while the watcher is active.
func (w *Watcher) Unref() {
	if !w.unrefed {
		w.unrefed = true
		if w.state == watcherActive {
			w.loop.unref()
		}
	}
}

// Late makes the watcher's callbacks run after all others of the same poll. With it the exit of a
// child comes after the output that the child wrote before.
func (w *Watcher) Late() { w.late = true }

// activate registers fd with the poller. If the table has another watcher for fd, then either the
// poller still has that registration and refuses this one, or the descriptor was closed before its
// watcher, so the registration is gone, and this watcher takes the place in the table.
func (w *Watcher) activate(want Readiness) error {
	l := w.loop
	other := l.watchers.owner(w.fd)
	switch err := l.poller.add(w.fd, w.token, want, other != nil); err {
	case nil:
		w.alwaysReady = false // It may have been true when fd was another file.
		l.watchers.setOwner(w.fd, w)
	case errUnpollable:
		w.alwaysReady = true
		l.watchers.addAlwaysReady(w)
	default:
		return wrap("watch", w.fd, err)
	}
	w.state = watcherActive
	w.want = want
	if !w.unrefed {
		l.ref()
	}
	w.announce()
	return nil
}

// announce must be called after want has changed. A poller reports its descriptors by itself; a
// descriptor that is always ready needs this call.
func (w *Watcher) announce() {
	if w.alwaysReady {
		w.loop.announce()
	}
}

func (w *Watcher) deactivate(unregister bool) {
	if w.state != watcherActive {
		return
	}
	l := w.loop
	if w.alwaysReady {
		l.watchers.removeAlwaysReady(w)
	} else if l.watchers.owner(w.fd) == w {
		l.watchers.setOwner(w.fd, nil)
		if unregister {
			// Remove it before fd is closed, because a copy of fd in a child would keep the
			// registration alive.
			l.poller.remove(w.fd, w.want)
		}
	}
	w.state = watcherIdle
	w.want = 0
	if !w.unrefed {
		l.unref()
	}
}

// dispatchEvents runs the callbacks of the poller's n events, but leaves those of late watchers to
// runLate. It looks each watcher up by its token just before its callback, because an earlier
// callback may have closed it, and its descriptor number may already belong to another.
func (l *Loop) dispatchEvents(n int) {
	late := l.watchers.late[:0]
	l.stale.current = l.stale.current[:0] // A panic may have left some.
	for i := range n {
		t, got := l.poller.event(i)
		w := l.watchers.find(t)
		if w == nil || w.state != watcherActive {
			l.stale.note(t)
			continue
		}
		if w.late {
			late = append(late, lateEvent{t, got})
			continue
		}
		l.dispatch(w, got)
	}
	l.watchers.late = late
	if len(l.stale.current)+len(l.stale.last) > 0 {
		l.judgeStale()
	}
}

// runLate runs the late watchers that dispatchEvents and runAlwaysReady have left to it.
func (l *Loop) runLate() {
	for _, e := range l.watchers.late {
		if w := l.watchers.find(e.token); w != nil {
			l.dispatch(w, e.got)
		}
	}
	l.watchers.late = l.watchers.late[:0]
}

func (l *Loop) dispatch(w *Watcher, got Readiness) {
	if got &= w.want | Hangup | Error; got != 0 && w.state == watcherActive {
		l.callReady(w, got)
	}
}

// runAlwaysReady runs the watchers of descriptors that cannot be polled, each once.
func (l *Loop) runAlwaysReady() {
	t := &l.watchers
	if len(t.alwaysReady) == 0 {
		return
	}
	t.due = t.due[:0]
	for _, w := range t.alwaysReady {
		t.due = append(t.due, w.token)
	}
	for _, tok := range t.due {
		if w := t.find(tok); w != nil {
			if w.late {
				t.late = append(t.late, lateEvent{tok, Readable | Writable})
				continue
			}
			l.dispatch(w, Readable|Writable)
		}
	}
}
