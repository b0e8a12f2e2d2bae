package reactor

// timerHeap is a 4-ary min-heap of deadlines. Entries are plain values compared without touching the timers, and a timer
// that is stopped or reset leaves its entry behind: the entry is dead when its sequence number is no longer the timer's.
// Dead entries are dropped when they reach the top, and swept out together when they are the majority, so stopping is
// O(1) amortized and a million stopped timers do not stay.
type timerHeap struct {
	entries []timerEntry
	seq     uint64 // of the newest entry
	dead    int
}

type timerEntry struct {
	when  int64 // nanoseconds since Loop.base
	seq   uint64
	timer *Timer
}

const sweepMin = 64 // entries below which sweeping is not worth it

func (e *timerEntry) less(o *timerEntry) bool {
	return e.when < o.when || e.when == o.when && e.seq < o.seq
}

func (e *timerEntry) live() bool { return e.timer.armed == e.seq }

// push adds an entry and returns its sequence number.
func (h *timerHeap) push(when int64, t *Timer) uint64 {
	h.seq++
	h.entries = append(h.entries, timerEntry{when, h.seq, t})
	h.up(len(h.entries) - 1)
	return h.seq
}

// drop notes that one entry died.
func (h *timerHeap) drop() {
	h.dead++
	if len(h.entries) >= sweepMin && h.dead > len(h.entries)/2 {
		h.sweep()
	}
}

// len returns the number of timers that are set.
func (h *timerHeap) len() int { return len(h.entries) - h.dead }

// next returns the earliest deadline.
func (h *timerHeap) next() (when int64, ok bool) {
	h.skipDead()
	if len(h.entries) == 0 {
		return 0, false
	}
	return h.entries[0].when, true
}

// popDue removes and returns the first timer whose deadline is not after now and whose entry is not newer than limit.
// Newer ones cannot hide older ones that are due: their deadlines are counted from a later reading of the clock.
func (h *timerHeap) popDue(now int64, limit uint64) *Timer {
	h.skipDead()
	if len(h.entries) == 0 || h.entries[0].when > now || h.entries[0].seq > limit {
		return nil
	}
	t := h.entries[0].timer
	h.pop()
	return t
}

func (h *timerHeap) skipDead() {
	for len(h.entries) > 0 && !h.entries[0].live() {
		h.pop()
		h.dead--
	}
}

func (h *timerHeap) pop() {
	last := len(h.entries) - 1
	h.entries[0] = h.entries[last]
	h.entries[last] = timerEntry{}
	h.entries = h.entries[:last]
	if last > 1 {
		h.down(0)
	}
}

func (h *timerHeap) sweep() {
	kept := h.entries[:0]
	for _, e := range h.entries {
		if e.live() {
			kept = append(kept, e)
		}
	}
	clear(h.entries[len(kept):])
	h.entries, h.dead = kept, 0
	for i := (len(kept) - 2) / 4; i >= 0 && len(kept) > 1; i-- {
		h.down(i)
	}
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
		if first >= len(h.entries) {
			break
		}
		least := first
		for c := first + 1; c < min(first+4, len(h.entries)); c++ {
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
