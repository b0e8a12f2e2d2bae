package reactor

import (
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/brood-go/brood/events"
)

// A callback is a call of the program's code. Ticks run after it and before the next one, and with
// Options.OnPanic a panic goes no further than its callback. The loop makes its own callbacks by
// call and callReady. A package that calls the program several times for one readiness, such as a
// stream with its chunks and lines, makes each call a callback by Emit or Call. Everything in this
// file runs on the loop goroutine.

// Emit calls the listeners of e with v as one callback of the loop, and reports whether there was a
// listener. If a listener panics and Options.OnPanic is set, the other listeners are called all the
// same.
//
// Packages built on the loop call it on the loop goroutine, never inside a call of the program. A
// caller must queue any later work before Emit, because without OnPanic a panic unwinds through the
// caller.
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

// Call calls fn with v as one callback of the loop: it is [Emit] for a single function, such as a
// done function.
func Call[T any](l *Loop, fn func(T), v T) {
	l.stats.Callbacks++
	if l.opts.OnPanic == nil && l.opts.SlowCallback == 0 {
		fn(v)
	} else {
		l.callGuarded(func() { fn(v) })
	}
	l.finishCallback()
}

// Callback calls fn as one callback of the loop. Calls of Emit and Call inside fn are part of it:
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

// finishCallback runs the ticks. Inside a tick or another callback it leaves them to that one.
func (l *Loop) finishCallback() {
	if l.ticks.n > 0 && !l.inTicks && !l.inCallback {
		l.runTicks()
	}
}

// panicGuard is the loop in the role that events.EmitGuarded asks for.
type panicGuard Loop

// Recover passes a panic to Options.OnPanic. Without OnPanic the panic goes on.
func (g *panicGuard) Recover() {
	if g.opts.OnPanic == nil {
		return
	}
	if v := recover(); v != nil {
		(*Loop)(g).reportPanic(v)
	}
}

// emitGuarded is callGuarded for a call of listeners, each of which has the guard.
func (l *Loop) emitGuarded(emit func()) {
	if l.opts.SlowCallback > 0 {
		defer l.timeCallback(l.elapsed())
	}
	emit()
}

// call runs one callback and then the queued ticks. Every callback of every phase goes through call
// or through callReady. callReady is call for watchers: it passes the readiness without allocating
// a closure.
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

// callGuarded calls fn for a loop with SlowCallback or OnPanic set.
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
