package host

import "github.com/brood-go/brood/script/engine"

// emitter is what emit knows of class EventEmitter.
type emitter struct {
	emit, watchRejection           engine.Kept // the method, and a function of the library
	nameOfEmit, events, isCaptured engine.Name // properties of emitters
	messages                       [2]event    // by what channel.receive is told
}

// event is the name of an event, as a value and as that of a property.
type event struct {
	text string
	name engine.Name
}

func newEvent(s *engine.Scope, text string) event { return event{text, s.Name(text)} }

// bindEmit has the library say what emit needs, once.
func bindEmit(b *builder) {
	h := b.h
	b.fn("setEmit", func(c *engine.Call) (engine.Value, error) {
		h.emitter = emitter{
			emit: c.Arg(0).Keep(), isCaptured: c.Arg(1).Name(), watchRejection: c.Arg(2).Keep(),
			nameOfEmit: c.Name("emit"), events: c.Name("_events"),
			messages: [2]event{channelMessage: newEvent(c.Scope, "message"), channelInternal: newEvent(c.Scope, "internalMessage")},
		}
		return c.Undefined(), nil
	})
}

// emit is target.emit(what, ...args). Most emitters have the method of EventEmitter and most events one listener: that is called here, without the
// method, which takes the engine several times as long as the call itself.
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

// callListener calls a listener, and sees to the promise that it may return.
func (h *Host) callListener(s *engine.Scope, target engine.Value, what event, listener engine.Value, args []engine.Value) error {
	result, err := listener.Call(target, args...)
	if err != nil || result.IsNullish() {
		return err
	}
	captured, err := target.Property(h.emitter.isCaptured)
	if err != nil || !captured.Bool() {
		return err
	}
	_, err = s.Kept(h.emitter.watchRejection).Call(s.Undefined(), target, result, s.String(what.text), s.Array(args...))
	return err
}
