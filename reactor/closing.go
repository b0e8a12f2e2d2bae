package reactor

// QueueClosing runs fn once, in the closing phase of this turn, or of the next when that phase has begun. Handles built on
// the loop report through it that they are closed, so that a close event never comes inside the call that closes. It
// keeps Run alive until it ran. It panics when fn is nil or the loop is closed.
func (l *Loop) QueueClosing(fn func()) {
	l.checkOpen("QueueClosing", fn == nil)
	l.closing.next = append(l.closing.next, fn)
	l.nudge()
}

// closingQueue has two lists: the one that runs now and the one for the next phase.
type closingQueue struct {
	current []func()
	at      int // current[at:] has not run; not empty between turns only when a panic unwound
	next    []func()
	after   uint64 // how many ticks must have run first
}

func (q *closingQueue) pending() bool { return q.at < len(q.current) || len(q.next) > 0 }

func (l *Loop) runClosing() {
	q := &l.closing
	if q.at == len(q.current) {
		q.current, q.next = q.next, q.current[:0]
		q.at = 0
	}
	for q.at < len(q.current) && l.ticksAllow(q) {
		fn := q.current[q.at]
		q.current[q.at] = nil
		q.at++
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
