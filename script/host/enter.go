package host

import (
	"errors"
	"fmt"

	"github.com/brood-go/brood/script/engine"
)

// Do opens a scope for fn, which may use the script's values and call its functions. Then, if this
// is the outermost call, runs what the script has put off: ticks, reactions of promises, what
// promises nobody handles. An exception that fn returns goes the way of one that nobody caught: to
// the script's uncaughtException, or the script ends; Do returns it, too. Other errors of fn are
// the caller's: Do returns them, and the script goes on. So it does after a panic of fn.
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

// enter opens a scope for fn. What fn calls does not settle meanwhile.
func (h *Host) enter(fn func(s *engine.Scope) error) error {
	h.depth++
	// A panic of fn goes on to whoever called, who may go on with the host.
	defer func() { h.depth-- }()
	return h.engine.Do(fn)
}

// withinMemory calls fn, whose values may be too many for the engine's memory: that is an error of
// the script, not of the program.
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

// callHook calls a function of the library in JavaScript, from the loop.
func (h *Host) callHook(name string, args func(s *engine.Scope) []engine.Value) {
	_ = h.Do(func(s *engine.Scope) error {
		_, err := h.hook(s, name).Call(s.Undefined(), args(s)...)
		return err
	})
}

// keepCallback keeps a function of the script that is to be called later, in the asynchronous
// context in which the script is now.
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

// repeatHook calls a function of the library that gets rid of what is due. If one throws, the rest has
// its turn all the same: each call gets rid of at least one.
func (h *Host) repeatHook(hook string) {
	for again := true; again && !h.exited; {
		again = h.Do(func(s *engine.Scope) error {
			_, err := h.hook(s, hook).Call(s.Undefined())
			return err
		}) != nil
	}
}

// hook returns a function that the library has given by setHook.
func (h *Host) hook(s *engine.Scope, name string) engine.Value { return s.Kept(h.hooks[name]) }

// uncaught deals with an exception that nobody caught. The hook tells the script, or says what
// happened and ends it.
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
		// What the engine throws where there is no memory left for an error.
		h.report(fmt.Errorf("InternalError: out of memory: the script may have %d bytes (or it threw null)", h.o.MemoryLimit))
		h.exit(exitUncaught)
		return
	}
	if _, err := h.hook(s, "uncaught").Call(s.Undefined(), x.Value); err != nil && !h.exited {
		h.report(err)
		h.exit(exitHandlerThrew)
	}
}

// endInterrupted ends the script by what is no exception: an interruption.
func (h *Host) endInterrupted(err error) {
	h.report(err)
	h.exit(exitInterrupted)
}

// report tells of an error that no script can hear any more.
func (h *Host) report(err error) {
	text := err.Error()
	if x, ok := err.(*engine.Exception); ok && x.Stack() != "" {
		text = x.Stack()
	}
	h.reportText(text + "\n")
}

// reportText tells of what ends the script.
func (h *Host) reportText(text string) {
	if h.o.Report != nil {
		h.o.Report(text)
		return
	}
	_ = writeAll(2, []byte(text)) // Nobody is left to be told of an error.
}

// Exit codes beside those that scripts choose. The first are Node's.
const (
	exitUncaught     = 1
	exitHandlerThrew = 7
	exitUnsettled    = 13
	exitInterrupted  = 128 + 2 // as by SIGINT
)

// exit ends the script: nothing of it runs after the function of Go that it has called now.
func (h *Host) exit(code int) {
	if h.exited {
		return
	}
	h.exited, h.code = true, code
	h.failCalls()
	h.flushChannels()
	h.restoreTerminals() // The program may end before the host is closed.
	h.killCommands()
	h.engine.Interrupt(ErrExited)
	if h.o.Exit != nil {
		h.o.Exit(code)
		return
	}
	h.loop.Stop()
}

// flushChannels has the kernel take what was sent by channels, before the program ends.
func (h *Host) flushChannels() {
	for x := range h.closers {
		if channel, ok := x.(*channel); ok {
			channel.c.Flush()
		}
	}
}

// Run runs the loop until the script has ended by itself or by process.exit, with beforeExit and
// exit as Node has them, and returns its exit code. Others may have work on the loop meanwhile, and
// keep it running.
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
			h.callHook("finish", none) // It emits exit, and calls reallyExit.
		}
	}
}

func none(*engine.Scope) []engine.Value { return nil }
