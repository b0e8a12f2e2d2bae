package reactor

import "math"

// timerHeap is a 4-ary min-heap of deadlines. Entries are plain numbers, compared without touching
// the timers, and moved without the garbage collector looking on. Each has a slot, where its timer
// is.
//
// A timer that is stopped leaves its slot at once, so that nothing keeps it and what its function
// holds, and its entry behind, which is dead then. Dead entries are dropped when they reach the
// top, and swept out together when they are the majority: so stopping is O(1) amortized and a
// million stopped timers do not stay.
//
// A timer that is put off, as a time-out is by each event, keeps its entry where it is, with the
// deadline of before. Only when such an entry reaches the top is it given the timer's deadline, and
// its place by that. So the top is never later than any deadline, and putting a timer off is O(1),
// however often it is done between two such deadlines.
type timerHeap struct {
	entries []timerEntry // the first n are the heap; the others are free, but keep their slots
	timers  []*Timer     // by slot; as long as entries; nil for a dead or a free entry
	n       int
	dead    int    // of the first n
	seq     uint64 // of the newest entry
}

type timerEntry struct {
	when int64  // the deadline, or an earlier one, as Loop.elapsed
	seq  uint64 // of the timer when it had that deadline
	slot uint32 // no two entries have the same
}

const (
	sweepMin    = 64 // entries below which sweeping is not worth it
	timersFirst = 16 // entries that a heap begins with

	// timersKept is how many entries a heap keeps room for, 32 KiB, after a burst of timers.
	timersKept = 1024
)

func (e *timerEntry) less(o *timerEntry) bool {
	return e.when < o.when || e.when == o.when && e.seq < o.seq
}

func (h *timerHeap) live(e *timerEntry) bool { return h.timers[e.slot] != nil }

// push adds an entry for t, which has none.
func (h *timerHeap) push(when int64, t *Timer) {
	if h.n == len(h.entries) {
		h.grow()
	}
	h.seq++
	e := &h.entries[h.n]
	e.when, e.seq = when, h.seq
	h.timers[e.slot] = t
	t.place, t.when, t.seq = e.slot+1, when, h.seq
	h.n++
	h.up(h.n - 1)
}

// postpone sets t, which has an entry, for a later time. It reports false, having done nothing, if
// when is earlier.
func (h *timerHeap) postpone(t *Timer, when int64) bool {
	if when < t.when {
		return false
	}
	h.seq++
	t.when, t.seq = when, h.seq
	return true
}

// drop takes out t, which has an entry.
func (h *timerHeap) drop(t *Timer) {
	h.timers[t.place-1] = nil
	t.place = 0
	h.dead++
	if h.n >= sweepMin && h.dead > h.n/2 {
		h.sweep()
	}
}

// len returns the number of timers that are set.
func (h *timerHeap) len() int { return h.n - h.dead }

// next returns the earliest deadline, or an earlier time when there is more to do to find it than
// one turn should.
func (h *timerHeap) next() (when int64, ok bool) {
	budget := timerBudget
	h.fixTop(math.MaxInt64, &budget)
	if h.len() == 0 {
		return 0, false
	}
	return h.entries[0].when, true
}

// popDue takes out and returns the first timer whose deadline is not after now and whose entry is
// not newer than limit. Newer ones cannot hide older ones that are due: their deadlines are counted
// from a later reading of the clock.
func (h *timerHeap) popDue(now int64, limit uint64, budget *int) *Timer {
	if !h.fixTop(now, budget) || h.entries[0].seq > limit {
		return nil
	}
	slot := h.entries[0].slot
	t := h.timers[slot]
	h.timers[slot] = nil
	t.place = 0
	h.pop()
	return t
}

// fixTop has the top be the first timer, if that is due by now, and reports whether it is one. Each
// entry that is dropped or moved for it takes one of the budget, and when that is used up the next
// call goes on.
func (h *timerHeap) fixTop(now int64, budget *int) bool {
	for h.n > 0 && h.entries[0].when <= now {
		e := &h.entries[0]
		t := h.timers[e.slot]
		if t != nil && t.seq == e.seq {
			return true
		}
		if *budget == 0 {
			return false
		}
		*budget--
		if t == nil {
			h.dead--
			h.pop()
		} else {
			e.when, e.seq = t.when, t.seq
			h.down(0)
		}
	}
	return false
}

func (h *timerHeap) pop() {
	h.n--
	h.entries[0], h.entries[h.n] = h.entries[h.n], h.entries[0]
	if h.n > 1 {
		h.down(0)
	}
	h.shrink()
}

func (h *timerHeap) sweep() {
	kept := 0
	for i := range h.n {
		if h.live(&h.entries[i]) {
			h.entries[kept], h.entries[i] = h.entries[i], h.entries[kept]
			kept++
		}
	}
	h.n, h.dead = kept, 0
	for i := (kept - 2) / 4; i >= 0 && kept > 1; i-- {
		h.down(i)
	}
	h.shrink()
}

// forgetAll has no timer be set any more, and nothing kept that their functions hold: the loop
// closes.
func (h *timerHeap) forgetAll() {
	for _, t := range h.timers {
		if t != nil {
			t.place, t.fn = 0, nil
		}
	}
	*h = timerHeap{}
}

func (h *timerHeap) grow() {
	size := max(timersFirst, 2*h.n)
	entries, timers := make([]timerEntry, size), make([]*Timer, size)
	copy(entries, h.entries)
	copy(timers, h.timers)
	for i := h.n; i < size; i++ {
		entries[i].slot = uint32(i)
	}
	h.entries, h.timers = entries, timers
}

// shrink gives memory back when less than a quarter of it is used, and leaves room for the same
// number again. Those that stay get new slots.
func (h *timerHeap) shrink() {
	if len(h.entries) <= timersKept || h.n >= len(h.entries)/4 {
		return
	}
	size := max(2*h.n, timersKept)
	entries, timers := make([]timerEntry, size), make([]*Timer, size)
	copy(entries, h.entries[:h.n])
	for i := range entries {
		if i < h.n {
			if t := h.timers[entries[i].slot]; t != nil {
				timers[i] = t
				t.place = uint32(i) + 1
			}
		}
		entries[i].slot = uint32(i)
	}
	h.entries, h.timers = entries, timers
}

func (h *timerHeap) up(i int) {
	e := h.entries[i]
	for i > 0 {
		parent := (i - 1) / 4
		if !e.less(&h.entries[parent]) {
			break
		}
		h.entries[i] = h.entries[parent]
		i = parent
	}
	h.entries[i] = e
}

func (h *timerHeap) down(i int) {
	e := h.entries[i]
	for {
		first := 4*i + 1
		if first >= h.n {
			break
		}
		least := first
		for c := first + 1; c < min(first+4, h.n); c++ {
			if h.entries[c].less(&h.entries[least]) {
				least = c
			}
		}
		if !h.entries[least].less(&e) {
			break
		}
		h.entries[i] = h.entries[least]
		i = least
	}
	h.entries[i] = e
}
