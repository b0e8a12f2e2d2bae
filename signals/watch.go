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
	number  uint64 // from 1 on, in the order in which the loop's watchers were made
	state   watcherState
	unrefed bool // it does not count in hub.refs
	onClose events.Event[struct{}]
}

// watcherState moves forward only.
type watcherState uint8

const (
	watcherOpen    watcherState = iota
	watcherClosing              // fn is not called any more; the close event is queued
	watcherClosed
)

// Watch calls fn each time the process gets signal s, on the loop goroutine, in the poll phase,
// after the callbacks of all descriptors of the same poll. The signal then does not have its other
// effect, such as ending the process. A watcher keeps Run alive. Watchers of one signal are called
// in the order in which they were made, each with its ticks drained before the next. The first
// watcher of a signal in the program installs its handler before Watch returns. When the last one
// is closed, the disposition from before is back. The package comment says more about that, and
// about signals that count as one.
//
// For a single call, close the watcher in its callback. To watch the signal again, call Watch
// again.
//
// Errors are *[WatchError]. They wrap [ErrUncatchable], [ErrSynchronous], [ErrReserved] or
// [ErrUnknown] for a signal that cannot be watched, [reactor.ErrClosed] for a closed loop, else the
// error of the system, such as EMFILE. Watch panics when l or fn is nil.
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

// Signal returns the watched signal.
func (w *Watcher) Signal() Signal { return w.signal }

// Close closes the watcher for good: its function is not called any more, not even for a signal
// that came before. If it was the last watcher of its signal in the program, the disposition from
// before is back on return. OnClose fires in the closing phase. Until then the loop is alive, also
// for an unref'd watcher. Closing twice is harmless.
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

// OnClose calls fn once, in the closing phase after Close. It does not call fn for a watcher that
// was closed with its loop. It panics when fn is nil.
func (w *Watcher) OnClose(fn func()) *events.Listener {
	if fn == nil {
		panic("signals: OnClose: nil callback")
	}
	return w.onClose.On(func(struct{}) { fn() })
}

// Ref makes the watcher keep Run alive while it is open, as a new one does.
func (w *Watcher) Ref() {
	if w.unrefed {
		w.unrefed = false
		if w.state == watcherOpen {
			w.hub.ref()
		}
	}
}

// Unref lets Run return while the watcher is open.
func (w *Watcher) Unref() {
	if !w.unrefed {
		w.unrefed = true
		if w.state == watcherOpen {
			w.hub.unref()
		}
	}
}
