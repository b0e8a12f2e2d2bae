package reactor

// QueueClosing runs fn once, in the closing phase of this turn, or of the next when that phase has begun. Handles built on
// the loop report through it that they are closed, so that a close event never comes inside the call that closes. What was
// queued last runs first, as in Node, where a child's stderr closes before its stdout (libuv v1.x, uv__run_closing_handles).
// It keeps Run alive until it ran. It panics when fn is nil or the loop is closed.
func (l *Loop) QueueClosing(fn func()) {
	l.checkOpen("QueueClosing", fn == nil)
	l.closing.next = append(l.closing.next, fn)
	l.nudge()
}

// closingQueue has two lists: the one that runs now, from its end, and the one for the next phase.
type closingQueue struct {
	current []func() // not empty between turns only when ticks were left, or a panic unwound
	next    []func()
	after   uint64 // how many ticks must have run first
}

func (q *closingQueue) pending() bool { return len(q.current)+len(q.next) > 0 }

func (l *Loop) runClosing() {
	q := &l.closing
	if len(q.current) == 0 {
		q.current, q.next = q.next, q.current
	}
	for len(q.current) > 0 && l.ticksAllow(q) {
		last := len(q.current) - 1
		fn := q.current[last]
		q.current[last] = nil
		q.current = q.current[:last]
		l.Callback(fn)
	}
}

// ticksAllow reports whether the closing phase may go on. When tickBudget has left ticks, it waits for those that are queued
// now, in the next turns: close comes last. It does not wait for those that these queue.
func (l *Loop) ticksAllow(q *closingQueue) bool {
	if l.ticks.n == 0 {
		q.after = 0
		return true
	}
	if q.after == 0 {
		q.after = l.ticks.popped + uint64(l.ticks.n)
	}
	if l.ticks.popped < q.after {
		return false
	}
	q.after = 0
	return true
}
