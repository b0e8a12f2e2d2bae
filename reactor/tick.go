package reactor

// tickBudget bounds the ticks run after one callback, so that a tick that queues itself for ever
// slows the loop but does not stop it. The rest runs after the next callback, or at the start of
// the next turn, which then follows without sleep.
const tickBudget = 1 << 16

// NextTick runs fn once, right after the running callback has returned and before any other, in the
// order of the calls. Outside of a callback fn runs at the start of the next turn. Queued ticks
// keep Run alive. NextTick panics when fn is nil or the loop is closed.
func (l *Loop) NextTick(fn func()) {
	l.checkOpen("NextTick", fn == nil)
	l.ticks.push(fn)
	l.announce()
}

func (l *Loop) runTicks() {
	l.inTicks = true
	defer func() { l.inTicks = false }() // Also when a panic unwinds.
	for range tickBudget {
		if l.ticks.n == 0 {
			return
		}
		fn := l.ticks.pop()
		l.ticksRun++
		l.stats.Callbacks++
		if l.opts.OnPanic == nil && l.opts.SlowCallback == 0 {
			fn()
		} else {
			l.callGuarded(fn)
		}
	}
}
