package reactor

import "slices"

// A token names a watcher to the kernel: its slot in the table, and the slot's generation, which
// grows each time the slot becomes free. An event with an older generation belongs to a watcher
// that was closed.
type token struct {
	slot uint32
	gen  uint32
}

type lateEvent struct {
	token token
	got   Readiness
}

// watcherTable holds the open watchers of a loop. Only the loop goroutine touches it. Its zero
// value is ready.
type watcherTable struct {
	slots       []watcherSlot
	free        []uint32   // slots without a watcher
	byFD        []*Watcher // by descriptor: the active watcher that the poller has; nil: none
	alwaysReady []*Watcher // active watchers that the poller does not have
	// callbacks left to runLate; empty between turns, unless a panic unwound
	late []lateEvent
	due  []token // scratch memory of runAlwaysReady
}

type watcherSlot struct {
	w   *Watcher // nil: the slot is free
	gen uint32   // number of times the slot became free
	fd  int32    // descriptor of w, or of the last watcher of a free slot
}

func (t *watcherTable) insert(w *Watcher) token {
	if n := len(t.free); n > 0 {
		slot := t.free[n-1]
		t.free = t.free[:n-1]
		s := &t.slots[slot]
		s.w, s.fd = w, int32(w.fd)
		return token{slot, s.gen}
	}
	t.slots = append(t.slots, watcherSlot{w: w, fd: int32(w.fd)})
	return token{slot: uint32(len(t.slots) - 1)}
}

func (t *watcherTable) remove(w *Watcher) {
	s := &t.slots[w.token.slot]
	s.w = nil
	s.gen++
	t.free = append(t.free, w.token.slot)
}

// find returns the watcher that a token names, nil if it was closed.
func (t *watcherTable) find(k token) *Watcher {
	if int(k.slot) >= len(t.slots) || t.slots[k.slot].gen != k.gen {
		return nil
	}
	return t.slots[k.slot].w
}

// lastFD returns the descriptor of the watcher that a token names. After the watcher was closed
// that works until its slot has another watcher; then lastFD returns -1.
func (t *watcherTable) lastFD(k token) int {
	s := t.slots[k.slot]
	if s.gen == k.gen || s.gen == k.gen+1 && s.w == nil {
		return int(s.fd)
	}
	return -1
}

// registered returns the watchers that the poller has.
func (t *watcherTable) registered() []*Watcher {
	var list []*Watcher
	for _, w := range t.byFD {
		if w != nil {
			list = append(list, w)
		}
	}
	return list
}

func (t *watcherTable) len() int { return len(t.slots) - len(t.free) }

func (t *watcherTable) owner(fd int) *Watcher {
	if fd < len(t.byFD) {
		return t.byFD[fd]
	}
	return nil
}

func (t *watcherTable) setOwner(fd int, w *Watcher) {
	if fd >= len(t.byFD) {
		t.byFD = slices.Grow(t.byFD, fd+1-len(t.byFD))[:fd+1]
	}
	t.byFD[fd] = w
}

func (t *watcherTable) addAlwaysReady(w *Watcher) {
	t.alwaysReady = append(t.alwaysReady, w)
}

// anyAlwaysReady reports whether runAlwaysReady has a callback to run. A watcher that waits for a
// hang-up alone is not ready.
func (t *watcherTable) anyAlwaysReady() bool {
	for _, w := range t.alwaysReady {
		if w.want&(Readable|Writable) != 0 {
			return true
		}
	}
	return false
}

func (t *watcherTable) removeAlwaysReady(w *Watcher) {
	i := slices.Index(t.alwaysReady, w)
	t.alwaysReady = slices.Delete(t.alwaysReady, i, i+1)
}

// forgetAll closes all watchers when the loop closes. The poller, closed next, drops its
// registrations.
func (t *watcherTable) forgetAll() {
	for _, s := range t.slots {
		if s.w != nil {
			s.w.state = watcherClosed
		}
	}
	*t = watcherTable{}
}
