package reactor

// An Immediate is one function waiting for the immediates phase. Its methods must be called on the
// loop goroutine.
type Immediate struct {
	loop    *Loop
	fn      func() // nil once run or stopped
	unrefed bool
}

// SetImmediate runs fn once, in the immediates phase of this turn, or of the next when that phase
// has begun: an immediate set by an immediate waits a turn. It keeps Run alive until it ran. It
// panics when fn is nil or the loop is closed.
func (l *Loop) SetImmediate(fn func()) *Immediate {
	l.checkOpen("SetImmediate", fn == nil)
	i := &Immediate{loop: l, fn: fn}
	l.immediates.push(i)
	l.ref()
	l.announce()
	return i
}

// Stop takes the immediate back and reports whether it had been waiting.
func (i *Immediate) Stop() bool {
	if i.fn == nil {
		return false
	}
	i.disarm()
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

func (i *Immediate) disarm() func() {
	fn := i.fn
	i.fn = nil
	if !i.unrefed {
		i.loop.unref()
	}
	return fn
}

func (l *Loop) runImmediates() {
	q := &l.immediates
	for q.begin(); q.due > 0; {
		if i := q.popDue(); i.fn != nil {
			l.call(i.disarm())
		}
	}
}
