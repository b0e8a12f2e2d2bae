package host

import (
	"errors"
	"syscall"

	"github.com/brood-go/brood/script/engine"
	"github.com/brood-go/brood/signals"
)

// signalWatch is the native object of a watcher of a signal. It keeps the loop running only between
// expect and the next delivery. close restores what the signal did before.
type signalWatch struct {
	h      *Host
	signal signals.Signal
	w      *signals.Watcher
	on     engine.Kept
}

func (x *signalWatch) close() {
	x.w.Close()
	x.h.signalKiller.countListener(x.signal, -1)
	x.h.engine.Release(&x.on)
	delete(x.h.closers, x)
}

// bindSignals gives the library watchers of signals.
func bindSignals(b *builder) {
	h := b.h
	// watch(number, on) calls on each time the signal arrives. It returns undefined for signals
	// that Go's runtime needs, and a negative number for signals that no process can catch.
	b.fn("watch", func(c *engine.Call) (engine.Value, error) {
		prototype, err := h.prototype(c.Scope, "signalWatch", func(b *builder) {
			method(b, "close", func(x *signalWatch, c *engine.Call) (engine.Value, error) {
				x.close()
				return c.Undefined(), nil
			})
			method(b, "expect", func(x *signalWatch, c *engine.Call) (engine.Value, error) {
				x.w.Ref()
				return c.Undefined(), nil
			})
		})
		if err != nil {
			return prototype, err
		}
		x := &signalWatch{h: h, signal: signals.Signal(c.Arg(0).Int()), on: h.keepCallback(c.Scope, c.Arg(1))}
		x.w, err = signals.Watch(h.loop, x.signal, func(signals.Signal) {
			x.w.Unref()
			_ = h.Do(func(s *engine.Scope) error { _, err := s.Kept(x.on).Call(s.Undefined()); return err })
		})
		if err != nil {
			h.engine.Release(&x.on)
			if errors.Is(err, signals.ErrUncatchable) {
				return c.Int(-int64(syscall.EINVAL)), nil
			}
			return c.Undefined(), nil
		}
		x.w.Unref()
		h.signalKiller.countListener(x.signal, 1)
		h.closers[x] = struct{}{}
		return c.Native(prototype, x), nil
	})
}
