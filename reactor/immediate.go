package reactor

// An Immediate is one function waiting for the immediates phase. Its methods must be called on the loop goroutine.
type Immediate struct {
	loop    *Loop
	fn      func() // nil once run or stopped
	unrefed bool
}

// SetImmediate runs fn once, in the immediates phase of this turn, or of the next when that phase has begun: an immediate
// set by an immediate waits a turn. It keeps Run alive until it ran. It panics when fn is nil or the loop is closed.
func (l *Loop) SetImmediate(fn func()) *Immediate {
	l.checkOpen("SetImmediate", fn == nil)
	i := &Immediate{loop: l, fn: fn}
	l.immediates.next = append(l.immediates.next, i)
	l.ref()
	l.nudge()
	return i
}

// Stop takes the immediate back and reports whether it had been waiting.
func (i *Immediate) Stop() bool {
	if i.fn == nil {
		return false
	}
	i.take()
	return true
}

// Ref has the immediate keep Run alive, as a new one does.
func (i *Immediate) Ref() {
	if i.unrefed {
		i.unrefed = false
		if i.fn != nil {
			i.loop.ref()
		}
	}
}

// Unref lets Run end without the immediate having run.
func (i *Immediate) Unref() {
	if !i.unrefed {
		i.unrefed = true
		if i.fn != nil {
			i.loop.unref()
		}
	}
}

func (i *Immediate) take() func() {
	fn := i.fn
	i.fn = nil
	if !i.unrefed {
		i.loop.unref()
	}
	return fn
}

// immediateQueue has two lists: the one that runs now and the one for the next phase.
type immediateQueue struct {
	current []*Immediate
	at      int // current[at:] has not run; not empty between turns only when a panic unwound
	next    []*Immediate
}

func (q *immediateQueue) pending() bool { return q.at < len(q.current) || len(q.next) > 0 }

func (l *Loop) runImmediates() {
	q := &l.immediates
	if q.at == len(q.current) {
		q.current, q.next = q.next, q.current[:0]
		q.at = 0
	}
	for q.at < len(q.current) {
		i := q.current[q.at]
		q.current[q.at] = nil
		q.at++
		if i.fn != nil {
			l.call(i.take())
		}
	}
}
