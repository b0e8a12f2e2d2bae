package host

import "github.com/brood-go/brood/script/engine"

// ticks is the state of runDeferred, which runs after each outermost call into the script: ticks,
// then reactions of promises, then rejections that no handler took. It is in Go because most events
// defer something, and the engine takes several times as long for a queue that is written in
// JavaScript.
type ticks struct {
	calls    *engine.Calls // ticks that have not run
	rejected bool          // processRejections of the library has rejections to report
	holds    bool          // WeakRefs keep their targets alive until the hook drop runs
	process  engine.Kept   // process; while its _exiting is true, nextTick drops its call
	exiting  engine.Name
}

// bindTicks gives the library nextTick, queueMicrotask and runDeferred.
func bindTicks(b *builder) {
	h, t := b.h, &b.h.ticks
	t.calls, t.exiting = h.engine.NewCalls(), b.s.Name("_exiting")
	b.fn("setProcess", func(c *engine.Call) (engine.Value, error) {
		t.process = c.Arg(0).Keep()
		return c.Undefined(), nil
	})
	b.fn("nextTick", h.nextTick)
	b.fn("queueMicrotask", func(c *engine.Call) (engine.Value, error) {
		fn, err := h.deferredCallback(c, "Microtask")
		if err == nil {
			err = c.Enqueue(fn)
		}
		return c.Undefined(), err
	})
	b.fn("runDeferred", func(c *engine.Call) (engine.Value, error) { return c.Undefined(), h.tryDeferred(c.Scope) })
	b.fn("hold", func(c *engine.Call) (engine.Value, error) {
		t.holds = true
		return c.Undefined(), nil
	})
}

// deferredCallback returns the function to defer: the call's first argument, bound to the script's
// current asynchronous context. kind is the name of the resource in async_hooks. The error is the
// script's if the argument is no function.
func (h *Host) deferredCallback(c *engine.Call, kind string) (engine.Value, error) {
	fn := c.Arg(0)
	switch {
	case !fn.IsFunction():
		return h.hook(c.Scope, "noCallback").Call(c.Undefined(), fn) // It throws.
	case h.hasContexts():
		return h.hook(c.Scope, "bindCall").Call(c.Undefined(), append([]engine.Value{c.String(kind)}, c.Args()...)...)
	}
	return fn, nil
}

// nextTick is process.nextTick(callback, ...args).
func (h *Host) nextTick(c *engine.Call) (engine.Value, error) {
	t := &h.ticks
	if c.Arg(0).IsFunction() {
		exiting, err := c.Kept(t.process).Property(t.exiting)
		if err != nil || exiting.Bool() {
			return c.Undefined(), err
		}
	}
	fn, err := h.deferredCallback(c, "TickObject")
	if err == nil {
		err = t.calls.Put(fn, c, 1)
	}
	return c.Undefined(), err
}

// hasDeferred reports whether runDeferred has something to run.
func (h *Host) hasDeferred() bool {
	t := &h.ticks
	return !t.calls.IsEmpty() || t.rejected || t.holds || h.engine.HasJobs()
}

// runDeferred runs all deferred calls. An exception goes to uncaught and does not keep the rest
// from running.
func (h *Host) runDeferred() {
	for again := h.hasDeferred(); again && !h.exited; {
		again = false
		_ = h.enter(func(s *engine.Scope) error {
			if err := h.tryDeferred(s); err != nil {
				again = true
				h.uncaught(s, err)
			}
			return nil
		})
	}
}

// tryDeferred runs deferred calls until one throws, and returns that exception.
func (h *Host) tryDeferred(s *engine.Scope) error {
	for t := &h.ticks; h.hasDeferred(); {
		for !t.calls.IsEmpty() {
			if err := t.calls.Next(s); err != nil {
				return err
			}
		}
		if err := s.RunJobs(); err != nil {
			return err
		}
		if t.holds {
			t.holds = false
			if _, err := h.hook(s, "drop").Call(s.Undefined()); err != nil {
				return err
			}
		}
		if t.calls.IsEmpty() && t.rejected {
			more, err := h.hook(s, "processRejections").Call(s.Undefined())
			if err != nil {
				return err
			}
			t.rejected = more.Bool()
		}
	}
	return nil
}
