package host

import "github.com/brood-go/brood/script/engine"

// emitter has the values of class EventEmitter that emit needs, set when the library starts.
type emitter struct {
	emit, emitOther, watchRejection engine.Kept // the method emit, and functions of the library
	nameOfEmit, events, isCaptured  engine.Name // properties of emitters
	messages                        [2]event    // of channelMessage and channelInternal
}

// event is the name of an event, as text and as a property's name.
type event struct {
	text string
	name engine.Name
}

func newEvent(s *engine.Scope, text string) event { return event{text, s.Name(text)} }

// bindEmit gives the library EventEmitter.prototype.emit. It is in Go because most of what a script
// does is an event: in JavaScript, making the list of arguments takes several times as long as
// calling the listener.
func bindEmit(b *builder) {
	h := b.h
	h.emitter = emitter{nameOfEmit: b.s.Name("emit"), events: b.s.Name("_events")}
	h.emitter.messages = [2]event{channelMessage: newEvent(b.s, "message"), channelInternal: newEvent(b.s, "internalMessage")}
	b.fn("emit", h.emitEvent)
	b.fn("setEmit", func(c *engine.Call) (engine.Value, error) {
		h.emitter.emit, h.emitter.isCaptured = c.Arg(0).Keep(), c.Arg(1).Name()
		h.emitter.emitOther, h.emitter.watchRejection = c.Arg(2).Keep(), c.Arg(3).Keep()
		return c.Undefined(), nil
	})
}

// emitEvent is the method emit. It leaves all but the common events to emitOther of the library,
// which handles all.
func (h *Host) emitEvent(c *engine.Call) (engine.Value, error) {
	this, what := c.This(), c.Arg(0)
	events, err := this.Property(h.emitter.events)
	if err != nil {
		return c.Undefined(), err
	}
	if !events.IsObject() || what.IsText("error") {
		return c.Pass(c.Kept(h.emitter.emitOther), this, 0)
	}
	listeners, err := events.Member(what)
	switch {
	case err != nil:
		return c.Undefined(), err
	case listeners.IsFunction():
		return c.Bool(true), h.passTo(c, listeners)
	case listeners.IsArray():
		return c.Bool(true), h.passToAll(c, listeners)
	}
	return c.Bool(!listeners.IsUndefined()), nil
}

// passToAll calls the listeners that the array has now: a listener may add and remove some.
func (h *Host) passToAll(c *engine.Call, listeners engine.Value) error {
	n, err := listeners.Len()
	if err != nil {
		return err
	}
	var few [8]engine.Value
	all := few[:0]
	for i := range n {
		one, err := listeners.Index(i)
		if err != nil {
			return err
		}
		all = append(all, one)
	}
	for _, one := range all {
		if err := h.passTo(c, one); err != nil {
			return err
		}
	}
	return nil
}

// passTo calls a listener with the arguments of emit.
func (h *Host) passTo(c *engine.Call, listener engine.Value) error {
	result, err := c.Pass(listener, c.This(), 1)
	if err != nil || result.IsNullish() {
		return err
	}
	captured, err := h.captures(c.This())
	if err != nil || !captured {
		return err
	}
	return h.watchRejection(c.This(), c.Arg(0), result, c.Args()[min(1, c.Len()):])
}

// captures reports whether an emitter handles the promises that its listeners return
// (captureRejections).
func (h *Host) captures(target engine.Value) (bool, error) {
	captured, err := target.Property(h.emitter.isCaptured)
	return captured.Bool(), err
}

func (h *Host) watchRejection(target, what, result engine.Value, args []engine.Value) error {
	s := target.Scope()
	_, err := s.Kept(h.emitter.watchRejection).Call(s.Undefined(), target, result, what, s.Array(args...))
	return err
}

// emit is target.emit(what, ...args), for an event of the loop.
func (h *Host) emit(s *engine.Scope, target engine.Value, what event, args ...engine.Value) error {
	method, err := target.Property(h.emitter.nameOfEmit)
	if err != nil {
		return err
	}
	if method.ID() == s.Kept(h.emitter.emit).ID() {
		events, err := target.Property(h.emitter.events)
		if err != nil {
			return err
		}
		if events.IsObject() {
			listener, err := events.Property(what.name)
			if err != nil {
				return err
			}
			if listener.IsFunction() {
				return h.callListener(s, target, what, listener, args)
			}
		}
	}
	_, err = method.Call(target, append([]engine.Value{s.String(what.text)}, args...)...)
	return err
}

// callListener calls a listener, and watches the promise that it may return.
func (h *Host) callListener(s *engine.Scope, target engine.Value, what event, listener engine.Value, args []engine.Value) error {
	result, err := listener.Call(target, args...)
	if err != nil || result.IsNullish() {
		return err
	}
	captured, err := h.captures(target)
	if err != nil || !captured {
		return err
	}
	return h.watchRejection(target, s.String(what.text), result, args)
}
