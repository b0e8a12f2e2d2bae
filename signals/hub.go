package signals

import (
	"io"
	"slices"

	"github.com/brood-go/brood/reactor"
)

// A platform supplies:
//
//	type source struct                           receives the signals of one loop; it exists while one is watched
//	func openSource(h *hub) (*source, error)     acquires its descriptors; watches no signal yet
//	func (s *source) add(sig Signal) error       from its return on, each sig of the process leads to h.enqueue and then
//	                                             h.deliver, on the loop goroutine, in a Late callback of the loop
//	func (s *source) remove(sig Signal)          undoes add and drops signals on their way to this loop; if this was the last
//	                                             source of sig in the process, the disposition from before is back
//	func (s *source) close()                     releases everything; all signals must have been removed
//	func reserved(sig Signal) bool               whether the Go runtime of this system cannot give sig away
//
// When openSource or add fails, it has released everything.

// hub holds the watchers of one loop. The loop keeps it, see [reactor.Loop.Local], and closes it.
// Only the loop goroutine touches it.
type hub struct {
	loop     *reactor.Loop
	source   *source               // nil while no signal is watched
	watchers map[Signal][]*Watcher // open ones, in order of their numbers; no empty lists
	created  uint64                // number of the newest watcher
	bellOnly bool                  // set by tests: as if the system had no signalfd(2)

	refs    int    // open watchers that keep the loop alive
	release func() // releases the loop's Hold; valid while refs > 0

	due         []delivery // due[at:] is still to be delivered
	at          int
	nextQueued  bool   // deliverTick is queued
	deliverTick func() // deliverNext, made once so that queueing it does not allocate
}

// delivery is one signal on its way to the watchers numbered after+1 to until. They are looked up
// one at a time, because each may close others.
type delivery struct {
	signal Signal
	times  int    // deliveries left, this one included
	after  uint64 // number of the last watcher called; 0: none yet
	until  uint64 // number of the newest watcher when the signal came
}

type hubKey struct{}

func hubOf(l *reactor.Loop) (*hub, error) {
	c, err := l.Local(hubKey{}, func() (io.Closer, error) {
		h := &hub{loop: l, watchers: map[Signal][]*Watcher{}}
		h.deliverTick = h.deliverNext
		return h, nil
	})
	if err != nil {
		return nil, err
	}
	return c.(*hub), nil
}

// Close closes the watchers that are open when the loop is closed. They get no close event.
func (h *hub) Close() error {
	for s, list := range h.watchers {
		for _, w := range list {
			w.state = watcherClosed
		}
		delete(h.watchers, s)
		h.source.remove(s)
	}
	h.closeIdleSource()
	return nil
}

func (h *hub) add(w *Watcher) error {
	list := h.watchers[w.signal]
	if len(list) == 0 {
		if err := h.addToSource(w.signal); err != nil {
			return err
		}
	}
	h.created++
	w.number = h.created
	h.watchers[w.signal] = append(list, w)
	h.ref()
	return nil
}

func (h *hub) addToSource(s Signal) error {
	if h.source == nil {
		source, err := openSource(h)
		if err != nil {
			return err
		}
		h.source = source
	}
	err := h.source.add(s)
	if err != nil {
		h.closeIdleSource()
	}
	return err
}

func (h *hub) remove(w *Watcher) {
	if !w.unrefed {
		h.unref()
	}
	list := slices.DeleteFunc(h.watchers[w.signal], func(other *Watcher) bool { return other == w })
	if len(list) > 0 {
		h.watchers[w.signal] = list
		return
	}
	delete(h.watchers, w.signal)
	h.source.remove(w.signal)
	h.closeIdleSource()
}

func (h *hub) closeIdleSource() {
	if len(h.watchers) == 0 && h.source != nil {
		h.source.close()
		h.source = nil
	}
}

// ref counts one more watcher that keeps the loop alive. The source's own watchers cannot do that:
// they also serve unref'd watchers, and are not always active.
func (h *hub) ref() {
	if h.refs == 0 {
		h.release = h.loop.Hold()
	}
	h.refs++
}

func (h *hub) unref() {
	h.refs--
	if h.refs == 0 {
		h.release()
		h.release = nil
	}
}

// enqueue adds a signal that came so many times, for the watchers that exist now.
func (h *hub) enqueue(s Signal, times int) {
	h.due = append(h.due, delivery{signal: s, times: times, until: h.created})
}

// deliver begins to deliver the enqueued signals, unless a tick is already going to.
func (h *hub) deliver() {
	if !h.nextQueued {
		h.deliverNext()
	}
}

// deliverNext calls one watcher and queues a tick for the next. That tick runs after those that the
// call has queued. So each watcher's call is a callback of its own for the loop, and a panic in one
// does not keep the others from being called.
func (h *hub) deliverNext() {
	h.nextQueued = false
	w := h.next()
	if w == nil {
		return
	}
	h.due[h.at].after = w.number
	defer h.queueNext()
	w.fn(w.signal)
}

func (h *hub) queueNext() {
	if h.next() != nil {
		h.nextQueued = true
		h.loop.NextTick(h.deliverTick)
	}
}

// next returns the watcher to call next, nil when everything was delivered.
func (h *hub) next() *Watcher {
	for ; h.at < len(h.due); h.at++ {
		d := &h.due[h.at]
		if w := h.nextFor(d); w != nil {
			return w
		}
		if d.times > 1 && d.after > 0 {
			d.times--
			d.after = 0
			if w := h.nextFor(d); w != nil {
				return w
			}
		}
	}
	h.due, h.at = h.due[:0], 0
	return nil
}

// nextFor returns the first open watcher that d has not reached yet.
func (h *hub) nextFor(d *delivery) *Watcher {
	for _, w := range h.watchers[d.signal] {
		if d.after < w.number && w.number <= d.until {
			return w
		}
	}
	return nil
}
