package reactor

import (
	"runtime/debug"
	"time"
)

// call runs one callback and then the ticks that are queued. Every callback of every phase comes through here or through
// callReady, its twin for watchers, which exists so that passing the readiness does not allocate a closure.
func (l *Loop) call(fn func()) {
	l.stats.Callbacks++
	if l.opts.OnPanic == nil && l.opts.SlowCallback == 0 {
		fn()
	} else {
		l.callGuarded(fn)
	}
	if l.ticks.n > 0 {
		l.runTicks()
	}
}

func (l *Loop) callReady(w *Watcher, got Readiness) {
	l.stats.Callbacks++
	if l.opts.OnPanic == nil && l.opts.SlowCallback == 0 {
		w.fn(got)
	} else {
		l.callGuarded(func() { w.fn(got) })
	}
	if l.ticks.n > 0 {
		l.runTicks()
	}
}

// callGuarded is the slow way of loops that asked for it in their Options.
func (l *Loop) callGuarded(fn func()) {
	if l.opts.SlowCallback > 0 {
		defer l.timeCallback(l.clock())
	}
	if l.opts.OnPanic != nil {
		defer l.recover()
	}
	fn()
}

func (l *Loop) recover() {
	v := recover()
	if v == nil {
		return
	}
	stack := debug.Stack()
	if l.opts.Logger != nil {
		l.opts.Logger.Error("brood: callback panicked", "panic", v)
	}
	l.opts.OnPanic(v, stack)
}

func (l *Loop) timeCallback(start time.Time) {
	d := l.clock().Sub(start)
	l.stats.LongestCallback = max(l.stats.LongestCallback, d)
	if d >= l.opts.SlowCallback && l.opts.Logger != nil {
		l.opts.Logger.Warn("brood: slow callback", "took", d)
	}
}
