package reactor

import "math"

// timerHeap is a 4-ary min-heap of deadlines. Its entries are plain numbers: comparing them does
// not touch the timers, and moving them needs no write barrier. Each entry has a slot, which says
// where its timer is.
//
// A stopped timer gives up its slot at once, so that the heap does not keep the timer and its
// function alive. Its entry stays behind, dead. Dead entries are dropped when they reach the top,
// and all together when they are the majority. So stopping is O(1) amortized, and a million stopped
// timers do not stay.
//
// A postponed timer, such as a time-out that each event puts off, keeps its entry with the old
// deadline. When that entry reaches the top it gets the timer's real deadline, and moves down. So
// the top is never later than any deadline, and postponing is O(1), however often it happens
// between two such deadlines.
//
// Only the loop goroutine touches a timerHeap. Its zero value is ready.
type timerHeap struct {
	entries []timerEntry // entries[:n] is the heap; the others are free, but keep their slots
	timers  []*Timer     // by slot, as long as entries; nil for a dead or a free entry
	n       int          // number of entries, dead ones included
	dead    int          // number of dead entries
	seq     uint64       // seq of the timer set last
}

type timerEntry struct {
	when int64  // the deadline, or an earlier one that the timer had, as Loop.elapsed
	seq  uint64 // Timer.seq when the timer had that deadline
	slot uint32 // index in timers; no two entries have the same
}

const (
	sweepMin    = 64 // heaps with fewer entries are not swept
	timersFirst = 16 // room of a heap after its first push, in entries

	// timersKept is how many entries a heap keeps room for, 32 KiB, after a burst of timers.
	timersKept = 1024
)

func (e *timerEntry) less(o *timerEntry) bool {
	return e.when < o.when || e.when == o.when && e.seq < o.seq
}

func (h *timerHeap) live(e *timerEntry) bool { return h.timers[e.slot] != nil }

// push adds an entry for t, which must have none.
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

// postpone gives t, which must have an entry, the later deadline when. It reports false, and does
// nothing, if when is earlier than t's deadline.
func (h *timerHeap) postpone(t *Timer, when int64) bool {
	if when < t.when {
		return false
	}
	h.seq++
	t.when, t.seq = when, h.seq
	return true
}

// drop removes t, which must have an entry, and leaves the entry dead.
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

// next returns the earliest deadline, or an earlier time if finding it would take more work than
// one turn should do. ok is false if no timer is set.
func (h *timerHeap) next() (when int64, ok bool) {
	budget := timerBudget
	h.fixTop(math.MaxInt64, &budget)
	if h.len() == 0 {
		return 0, false
	}
	return h.entries[0].when, true
}

// popDue removes and returns the first timer whose deadline is not after now and whose entry is not
// newer than limit. A newer entry cannot hide an older one that is due, because its deadline counts
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

// fixTop drops and moves entries until the top is a timer with its real deadline, as far as they
// are due by now. It reports whether the top is a timer that is due. Each entry that it drops or
// moves takes one of the budget. When the budget is used up, the next call goes on.
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

// forgetAll stops all timers and drops their functions, because the loop closes.
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
// number again. The remaining entries get new slots.
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
