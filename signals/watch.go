package signals

import (
	"github.com/brood-go/brood/events"
	"github.com/brood-go/brood/reactor"
)

// A Watcher calls its function for every delivery of one signal. Make one with [Watch]. Its methods
// must be called on the loop goroutine.
type Watcher struct {
	hub     *hub
	signal  Signal
	fn      func(Signal)
	number  uint64 // watchers of a loop are numbered from 1 in the order of their making
	state   watcherState
	unrefed bool
	onClose   events.Event[struct{}]
}

// watcherState only ever grows.
type watcherState uint8

const (
	watcherOpen    watcherState = iota
	watcherClosing              // gets nothing any more, its close event is queued
	watcherClosed
)

// Watch calls fn on the loop goroutine each time the process gets signal s, in the poll phase and
// after the callbacks of all descriptors of the same poll; in place of what the signal does
// otherwise, such as ending the process. A watcher keeps Run alive. Watchers of one signal are
// called in the order of their making, each with its ticks drained before the next. The first
// watcher of a signal in the program installs its handler before Watch returns; when the last one
// is closed the disposition from before is back: see the package comment, also for what a signal is
// that counts for several.
//
// For a single call, close the watcher in its callback; to arm it again, call Watch again.
//
// Errors are *[WatchError]: with [ErrUncatchable], [ErrSynchronous], [ErrReserved] or [ErrUnknown]
// for a signal that nobody can watch, with [reactor.ErrClosed] for a closed loop, else with what
// the system refused, such as EMFILE. It panics when l or fn is nil.
//
// Sources: signalfd(2), signal(7); kqueue(2), EVFILT_SIGNAL; libuv v1.x documentation,
// "uv_signal_t".
func Watch(l *reactor.Loop, s Signal, fn func(Signal)) (*Watcher, error) {
	switch {
	case l == nil:
		panic("signals: Watch on a nil Loop")
	case fn == nil:
		panic("signals: Watch: nil callback")
	}
	if err := refusalOf(s); err != nil {
		return nil, &WatchError{s, err}
	}
	h, err := hubOf(l)
	if err != nil {
		return nil, &WatchError{s, err}
	}
	w := &Watcher{hub: h, signal: s, fn: fn}
	if err := h.add(w); err != nil {
		return nil, &WatchError{s, err}
	}
	return w, nil
}

// Signal returns the signal that is watched.
func (w *Watcher) Signal() Signal { return w.signal }

// Close stops the watcher for good: its function is not called any more, not for a signal that came
// before either. When it was the last one of its signal in the program, the disposition from before
// is back on return. OnClose fires in the closing phase, and until then the loop is alive, also for
// a watcher that was unref'd. Closing twice is harmless.
func (w *Watcher) Close() {
	if w.state != watcherOpen {
		return
	}
	w.state = watcherClosing
	w.hub.remove(w)
	w.hub.loop.QueueClosing(func() {
		w.state = watcherClosed
		reactor.Emit(w.hub.loop, &w.onClose, struct{}{})
	})
}

// OnClose calls fn once, in the closing phase after Close. It is not called for a watcher that was
// closed with its loop. It panics when fn is nil.
func (w *Watcher) OnClose(fn func()) *events.Listener {
	if fn == nil {
		panic("signals: OnClose: nil callback")
	}
	return w.onClose.On(func(struct{}) { fn() })
}

// Ref has the watcher keep Run alive while it is open, as a new one does.
func (w *Watcher) Ref() {
	if w.unrefed {
		w.unrefed = false
		if w.state == watcherOpen {
			w.hub.ref()
		}
	}
}

// Unref lets Run end while the watcher is open.
func (w *Watcher) Unref() {
	if !w.unrefed {
		w.unrefed = true
		if w.state == watcherOpen {
			w.hub.unref()
		}
	}
}
