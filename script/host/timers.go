package host

import (
	"time"

	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/script/engine"
)

// timers runs all timers of the script on one timer of the loop, and all immediates on one
// immediate. The lists are the library's.
type timers struct {
	h         *Host
	began     time.Time
	timer     *reactor.Timer     // nil before the first schedule
	immediate *reactor.Immediate // nil while none is scheduled
	ref       bool               // the timers keep the loop running
	refNow    bool               // the immediates keep the loop running
}

func (t *timers) init(h *Host) {
	t.h, t.began = h, h.loop.Now()
}

// now returns the milliseconds since the host was made: the clock of the script's timers.
func (t *timers) now() int64 { return time.Since(t.began).Milliseconds() }

// schedule runs the hook timers at due.
func (t *timers) schedule(due int64) {
	d := time.Until(t.began.Add(time.Duration(due) * time.Millisecond))
	if t.timer == nil {
		t.timer = t.h.loop.SetTimeout(d, t.fire)
		if !t.ref {
			t.timer.Unref()
		}
		return
	}
	t.timer.Reset(d)
}

func (t *timers) fire() { t.h.repeatHook("timers") }

// toggle makes the timers keep the loop running, or not.
func (t *timers) toggle(ref bool) {
	t.ref = ref
	switch {
	case t.timer == nil:
	case ref:
		t.timer.Ref()
	default:
		t.timer.Unref()
	}
}

// toggleImmediates makes the immediates keep the loop running, or not.
func (t *timers) toggleImmediates(ref bool) {
	t.refNow = ref
	switch {
	case t.immediate == nil:
	case ref:
		t.immediate.Ref()
	default:
		t.immediate.Unref()
	}
}

func (t *timers) close() {
	if t.timer != nil {
		t.timer.Stop()
	}
	if t.immediate != nil {
		t.immediate.Stop()
	}
}

// bindTimers gives the library the loop's timer and immediate.
func bindTimers(b *builder) {
	t := &b.h.timers
	b.fn("now", func(c *engine.Call) (engine.Value, error) { return c.Int(t.now()), nil })
	// the name in Node's tests
	b.fn("getLibuvNow", func(c *engine.Call) (engine.Value, error) { return c.Int(t.now()), nil })
	b.fn("schedule", func(c *engine.Call) (engine.Value, error) {
		t.schedule(c.Arg(0).Int())
		return c.Undefined(), nil
	})
	b.fn("toggleTimers", func(c *engine.Call) (engine.Value, error) {
		t.toggle(c.Arg(0).Bool())
		return c.Undefined(), nil
	})
	b.fn("scheduleImmediates", func(c *engine.Call) (engine.Value, error) {
		if t.immediate == nil {
			t.immediate = b.h.loop.SetImmediate(func() { t.immediate = nil; t.h.repeatHook("immediates") })
			t.toggleImmediates(t.refNow)
		}
		return c.Undefined(), nil
	})
	b.fn("toggleImmediates", func(c *engine.Call) (engine.Value, error) {
		t.toggleImmediates(c.Arg(0).Bool())
		return c.Undefined(), nil
	})
}
