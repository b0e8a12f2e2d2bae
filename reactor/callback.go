package reactor

import (
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/brood-go/brood/events"
)

// A callback is a call of the program's code: ticks run after it and before the next one, and with
// Options.OnPanic a panic in it is told there and goes no further. The loop makes its own by call
// and callReady. A package that tells the program of several things while it handles one readiness,
// such as the chunks and lines of a stream, makes a callback of each by Emit and Call.

// Emit calls the listeners of e with v as one callback of the loop, and reports whether there was a
// listener. When a listener panics, and Options.OnPanic is told of it, the others are called all
// the same.
//
// It is for packages built on the loop, on the loop goroutine, and never inside a call of the
// program. Whatever has to follow must be queued before: without OnPanic a panic unwinds through
// the caller.
func Emit[T any](l *Loop, e *events.Event[T], v T) bool {
	if e.Len() == 0 {
		return false
	}
	l.stats.Callbacks++
	if l.opts.OnPanic == nil && l.opts.SlowCallback == 0 {
		if only := e.Only(); only != nil {
			only(v)
		} else {
			e.Emit(v)
		}
	} else {
		l.emitGuarded(func() { e.EmitGuarded(v, (*panicGuard)(l)) })
	}
	l.finishCallback()
	return true
}

// Call calls fn with v as one callback of the loop. It is what [Emit] is for a single function,
// such as a done function.
func Call[T any](l *Loop, fn func(T), v T) {
	l.stats.Callbacks++
	if l.opts.OnPanic == nil && l.opts.SlowCallback == 0 {
		fn(v)
	} else {
		l.callGuarded(func() { fn(v) })
	}
	l.finishCallback()
}

// Callback calls fn, which may Emit and Call several times, and makes one callback of all of it:
// ticks run after fn.
func (l *Loop) Callback(fn func()) {
	outer := l.inCallback
	l.inCallback = true
	defer func() { l.inCallback = outer }() // Also when a panic unwinds.
	l.stats.Callbacks++
	if l.opts.OnPanic == nil && l.opts.SlowCallback == 0 {
		fn()
	} else {
		l.callGuarded(fn)
	}
	l.inCallback = outer
	l.finishCallback()
}

// finishCallback runs the ticks, unless this is part of a tick or of another callback, which they
// follow.
func (l *Loop) finishCallback() {
	if l.ticks.n > 0 && !l.inTicks && !l.inCallback {
		l.runTicks()
	}
}

// panicGuard is the loop as the guard of listeners.
type panicGuard Loop

// Recover tells Options.OnPanic of a panic, if there is such a function.
func (g *panicGuard) Recover() {
	if g.opts.OnPanic == nil {
		return // The panic goes on.
	}
	if v := recover(); v != nil {
		(*Loop)(g).reportPanic(v)
	}
}

// emitGuarded is callGuarded for listeners that are guarded one by one.
func (l *Loop) emitGuarded(emit func()) {
	if l.opts.SlowCallback > 0 {
		defer l.timeCallback(l.elapsed())
	}
	emit()
}

// call runs one callback and then the ticks that are queued. Every callback of every phase comes
// through here or through callReady, its twin for watchers, which exists so that passing the
// readiness does not allocate a closure.
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
		defer l.timeCallback(l.elapsed())
	}
	if l.opts.OnPanic != nil {
		defer l.recoverPanic()
	}
	fn()
}

func (l *Loop) recoverPanic() {
	if v := recover(); v != nil {
		l.reportPanic(v)
	}
}

func (l *Loop) reportPanic(v any) {
	stack := debug.Stack()
	l.Log(slog.LevelError, "brood: callback panicked", "panic", v)
	l.opts.OnPanic(v, stack)
}

func (l *Loop) timeCallback(start int64) {
	d := time.Duration(l.elapsed() - start)
	l.stats.LongestCallback = max(l.stats.LongestCallback, d)
	if d >= l.opts.SlowCallback {
		l.Log(slog.LevelWarn, "brood: slow callback", "took", d)
	}
}
