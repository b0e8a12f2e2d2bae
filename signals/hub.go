package signals

import (
	"io"
	"slices"

	"github.com/brood-go/brood/reactor"
)

// A platform supplies:
//
//	type source struct                           where the signals of one loop come from; it exists while one is watched
//	func openSource(h *hub) (*source, error)     acquires what it needs; watches nothing yet
//	func (s *source) add(sig Signal) error       from its return on, each sig that the process gets is given to h.enqueue and
//	                                             then h.flush, on the loop goroutine, in a Late callback of the loop
//	func (s *source) remove(sig Signal)          undoes add; sig's disposition from before is back when this was the last
//	                                             one in the process; what was underway to this loop is dropped
//	func (s *source) close()                     releases everything; all signals have been removed
//	func reserved(sig Signal) bool               the Go runtime of this system cannot give sig away
//
// Errors of openSource and add leave nothing behind.

// hub is what the watchers of one loop share. The loop keeps it, see [reactor.Loop.Local], and
// closes it. All of it belongs to the loop goroutine.
type hub struct {
	loop     *reactor.Loop
	source   *source               // nil while nothing is watched
	watchers map[Signal][]*Watcher // open ones, in order of their numbers; no empty lists
	created  uint64                // number of the newest watcher
	bellOnly bool                  // tests: as if the system had no signalfd(2)

	refs    int
	release func() // ends the loop's Hold; valid while refs > 0

	due     []delivery // due[at:] is still to be made
	at      int
	nextQueued bool   // a tick that goes on with due is queued
	deliverTick    func() // h.run, made once so that queueing it does not allocate
}

// delivery is one signal on its way to the watchers numbered after+1 to until. They are looked up
// one at a time, because each may close others.
type delivery struct {
	signal Signal
	times  int // how often it is still to be made, this one included
	after  uint64
	until  uint64
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

// Close closes the watchers that were open when the loop was closed. They get no close event.
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

// ref counts one more watcher that keeps the loop alive. The source's descriptors do not: they are
// there for unref'd watchers too, and not active at all times.
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

// enqueue notes that signal s came so many times, for the watchers there are now.
func (h *hub) enqueue(s Signal, times int) {
	h.due = append(h.due, delivery{signal: s, times: times, until: h.created})
}

// flush begins to deliver what was enqueued, unless that is under way.
func (h *hub) deliver() {
	if !h.nextQueued {
		h.deliverNext()
	}
}

// run calls one watcher. The next one is called by a tick, which is queued behind those that this
// one queues: so each watcher's call is a callback of its own for the loop, and one that panics
// does not take the others' away.
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

// next returns the watcher whose turn it is, nil when everything was delivered.
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

// between returns the first open watcher that d has not reached yet.
func (h *hub) nextFor(d *delivery) *Watcher {
	for _, w := range h.watchers[d.signal] {
		if d.after < w.number && w.number <= d.until {
			return w
		}
	}
	return nil
}
