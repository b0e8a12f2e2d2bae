package reactor

// An Immediate is one function that waits for the immediates phase. Its methods must be called on
// the loop goroutine.
type Immediate struct {
	loop    *Loop
	fn      func() // nil once it has run or was stopped
	unrefed bool   // it does not count in loop.refs
}

// SetImmediate runs fn once: in the immediates phase of this turn, or of the next if that phase has
// begun. So an immediate that an immediate sets waits a turn. It keeps Run alive until it has run.
// SetImmediate panics when fn is nil or the loop is closed.
func (l *Loop) SetImmediate(fn func()) *Immediate {
	l.checkOpen("SetImmediate", fn == nil)
	i := &Immediate{loop: l, fn: fn}
	l.immediates.push(i)
	l.ref()
	l.announce()
	return i
}

// Stop takes the immediate back, so that its function does not run, and reports whether it was
// waiting.
func (i *Immediate) Stop() bool {
	if i.fn == nil {
		return false
	}
	i.disarm()
	return true
}

// Ref makes the immediate keep Run alive, as a new one does.
func (i *Immediate) Ref() {
	if i.unrefed {
		i.unrefed = false
		if i.fn != nil {
			i.loop.ref()
		}
	}
}

// Unref lets Run return although the immediate has not run.
func (i *Immediate) Unref() {
	if !i.unrefed {
		i.unrefed = true
		if i.fn != nil {
			i.loop.unref()
		}
	}
}

// disarm marks the immediate as done and returns its function. It must be waiting.
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
