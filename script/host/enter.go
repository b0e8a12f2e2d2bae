package host

import (
	"errors"
	"fmt"

	"github.com/brood-go/brood/script/engine"
)

// Do opens a scope for fn, which may use the script's values and call its functions. If this is the
// outermost call, Do then runs what the script has deferred: ticks, reactions of promises and
// rejections that no handler took.
//
// An exception that fn returns is uncaught: the script's uncaughtException gets it, or the script
// ends; Do returns it, too. Do returns other errors of fn as they are, and the script goes on.
// After a panic of fn the host stays usable. If the script has ended, Do returns [ErrExited].
func (h *Host) Do(fn func(s *engine.Scope) error) error {
	if h.exited {
		return ErrExited
	}
	err := h.enter(func(s *engine.Scope) error {
		err := withinMemory(s, fn)
		if err != nil {
			h.uncaught(s, err)
		}
		return err
	})
	if h.depth == 0 {
		h.runDeferred()
	}
	return err
}

// enter opens a scope for fn, and runs nothing that the script has deferred.
func (h *Host) enter(fn func(s *engine.Scope) error) error {
	h.depth++
	// Also after a panic of fn, because its caller may recover and go on with the host.
	defer func() { h.depth-- }()
	return h.engine.Do(fn)
}

// withinMemory calls fn. If fn exceeds the engine's memory, that is an error of the script, not a
// panic of the program.
func withinMemory(s *engine.Scope, fn func(s *engine.Scope) error) (err error) {
	defer func() {
		p := recover()
		if m, ok := p.(*engine.MemoryError); ok {
			err = m.Unwrap()
		} else if p != nil {
			panic(p)
		}
	}()
	return fn(s)
}

// callHook calls a hook of the library from the loop.
func (h *Host) callHook(name string, args func(s *engine.Scope) []engine.Value) {
	_ = h.Do(func(s *engine.Scope) error {
		_, err := h.hook(s, name).Call(s.Undefined(), args(s)...)
		return err
	})
}

// keepCallback keeps a function of the script for a later call, bound to the script's current
// asynchronous context.
func (h *Host) keepCallback(s *engine.Scope, fn engine.Value) engine.Kept {
	if h.hasContexts() {
		if bound, err := h.hook(s, "bindContext").Call(s.Undefined(), fn); err == nil {
			fn = bound
		}
	}
	return fn.Keep()
}

// hasContexts reports whether the script uses asynchronous contexts.
func (h *Host) hasContexts() bool { return h.contexts }

// repeatHook calls a hook that handles all that is due, again after each exception: each call
// handles at least one.
func (h *Host) repeatHook(hook string) {
	for again := true; again && !h.exited; {
		again = h.Do(func(s *engine.Scope) error {
			_, err := h.hook(s, hook).Call(s.Undefined())
			return err
		}) != nil
	}
}

// hook returns a value that the library has set with setHook, undefined if it has not.
func (h *Host) hook(s *engine.Scope, name string) engine.Value { return s.Kept(h.hooks[name]) }

// uncaught handles an exception that no code caught. The hook gives it to the script, or reports it
// and ends the script.
func (h *Host) uncaught(s *engine.Scope, err error) {
	if h.exited {
		return
	}
	x, ok := errors.AsType[*engine.Exception](err)
	if !ok {
		if h.engine.Interrupted() {
			h.endInterrupted(err)
		}
		return
	}
	if x.Value.Kind() == engine.Null && h.o.MemoryLimit > 0 {
		// The engine throws null if there is no memory left for an error.
		h.report(fmt.Errorf("InternalError: out of memory: the script may have %d bytes (or it threw null)", h.o.MemoryLimit))
		h.exit(exitUncaught)
		return
	}
	if _, err := h.hook(s, "uncaught").Call(s.Undefined(), x.Value); err != nil && !h.exited {
		h.report(err)
		h.exit(exitHandlerThrew)
	}
}

// endInterrupted ends the script because of [Host.Interrupt]: err is no exception.
func (h *Host) endInterrupted(err error) {
	h.report(err)
	h.exit(exitInterrupted)
}

// report reports an error that the script cannot handle any more.
func (h *Host) report(err error) {
	text := err.Error()
	if x, ok := err.(*engine.Exception); ok && x.Stack() != "" {
		text = x.Stack()
	}
	h.reportText(text + "\n")
}

// reportText reports why the script ends.
func (h *Host) reportText(text string) {
	if h.o.Report != nil {
		h.o.Report(text)
		return
	}
	_ = writeAll(2, []byte(text)) // Best effort: the script ends.
}

// Exit codes besides those that scripts choose. The first are Node's.
const (
	exitUncaught     = 1
	exitHandlerThrew = 7
	exitUnsettled    = 13
	exitInterrupted  = 128 + 2 // as by SIGINT
)

// exit ends the script: once the Go function that the script is calling returns, nothing of the
// script runs any more.
func (h *Host) exit(code int) {
	if h.exited {
		return
	}
	h.exited, h.code = true, code
	h.failCalls()
	h.flushChannels()
	h.restoreTerminals() // Now, because the program may end without Close.
	h.killCommands()
	h.engine.Interrupt(ErrExited)
	if h.o.Exit != nil {
		h.o.Exit(code)
		return
	}
	h.loop.Stop()
}

// flushChannels waits until the kernel has taken all sent messages, because the program may end
// next.
func (h *Host) flushChannels() {
	for x := range h.closers {
		if channel, ok := x.(*channel); ok {
			channel.c.Flush()
		}
	}
}

// Run runs the loop until the script ends by itself or by process.exit, emits beforeExit and exit
// as Node does, and returns the exit code. Other users of the loop may keep it running. Run returns
// the error of the loop's Run.
func (h *Host) Run() (code int, err error) {
	for {
		if err := h.loop.Run(); err != nil {
			return h.code, err
		}
		if h.exited {
			return h.code, nil
		}
		h.callHook("beforeExit", none)
		if !h.loop.Alive() && !h.exited {
			h.callHook("finish", none) // It emits 'exit' and calls reallyExit.
		}
	}
}

func none(*engine.Scope) []engine.Value { return nil }
