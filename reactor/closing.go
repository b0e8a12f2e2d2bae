package reactor

// QueueClosing runs fn once, in the closing phase of this turn, or of the next when that phase has
// begun. Handles built on the loop report through it that they are closed, so that a close event
// never comes inside the call that closes. What was queued last runs first, as in Node, where a
// child's stderr closes before its stdout (libuv v1.x, uv__run_closing_handles). It keeps Run alive
// until it ran. It panics when fn is nil or the loop is closed.
func (l *Loop) QueueClosing(fn func()) {
	l.checkOpen("QueueClosing", fn == nil)
	l.closing.push(fn)
	l.announce()
}

// closingQueue is what QueueClosing has queued, and the part of it that this phase runs, from its
// end.
type closingQueue struct {
	queue[func()]
	running []func() // not empty between turns only when ticks were left, or a panic unwound
	after   uint64   // how many ticks must have run first
}

// largeClosing is how much memory of now is kept, in functions.
const largeClosing = 4096

func (q *closingQueue) pending() bool { return q.n+len(q.running) > 0 }

func (l *Loop) runClosing() {
	q := &l.closing
	if len(q.running) == 0 {
		for q.n > 0 {
			q.running = append(q.running, q.pop())
		}
	}
	for len(q.running) > 0 && l.ticksAllow(q) {
		last := len(q.running) - 1
		fn := q.running[last]
		q.running[last] = nil
		q.running = q.running[:last]
		l.Callback(fn)
	}
	if len(q.running) == 0 && cap(q.running) > largeClosing {
		q.running = nil
	}
}

// ticksAllow reports whether the closing phase may go on. When tickBudget has left ticks, it waits
// for those that are queued now, in the next turns: close comes last. It does not wait for those
// that these queue.
func (l *Loop) ticksAllow(q *closingQueue) bool {
	if l.ticks.n == 0 {
		q.after = 0
		return true
	}
	if q.after == 0 {
		q.after = l.ticksRun + uint64(l.ticks.n)
	}
	if l.ticksRun < q.after {
		return false
	}
	q.after = 0
	return true
}
