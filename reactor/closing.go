package reactor

// QueueClosing runs fn once, in the closing phase of this turn, or of the next when that phase has begun. Handles built on
// the loop report through it that they are closed, so that a close event never comes inside the call that closes. It
// keeps Run alive until it ran. It panics when fn is nil or the loop is closed.
func (l *Loop) QueueClosing(fn func()) {
	l.checkOpen("QueueClosing", fn == nil)
	l.closing.push(fn)
	l.nudge()
}

func (l *Loop) runClosing() {
	q := &l.closing
	for q.begin(); q.due > 0; {
		l.call(q.take())
	}
}
