package reactor

// QueueClosing runs fn once: in the closing phase of this turn, or of the next if that phase has
// begun. Handles built on the loop report their close event through it, so that the event never
// comes inside the call that closes. The last function queued runs first, as in Node, where a
// child's stderr closes before its stdout (libuv v1.x, uv__run_closing_handles). The function keeps
// Run alive until it has run. QueueClosing panics when fn is nil or the loop is closed.
func (l *Loop) QueueClosing(fn func()) {
	l.checkOpen("QueueClosing", fn == nil)
	l.closing.push(fn)
	l.announce()
}

// closingQueue holds the functions of QueueClosing. The closing phase moves those queued before it
// to running, in their order, and runs them from the end.
type closingQueue struct {
	queue[func()]
	running []func() // empty between turns, unless ticks were left over or a panic unwound
	after   uint64   // value of Loop.ticksRun from which the phase goes on; 0: it need not wait
}

// largeClosing bounds the memory that running keeps between turns, in functions.
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

// ticksAllow reports whether the closing phase may go on. If tickBudget has left ticks over, the
// phase waits, for some turns, for those that are queued now, because close comes last. It does not
// wait for ticks that these queue.
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
