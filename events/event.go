// Package events has typed, ordered, synchronous emitters: the small piece every object of brood uses to tell its
// listeners what happened. An [Event] is a plain value inside the object that owns it; it belongs to that object's
// goroutine and has no lock.
package events

// An Event calls its listeners, in the order they were added, each time [Event.Emit] is called. The zero value is
// ready to use. An Event must not be copied after its first listener was added.
//
// An Event's methods must be called on the goroutine of the object that owns it, for brood's objects the loop
// goroutine.
type Event[T any] struct {
	// listeners has those that were added, in order, and among them the removed ones that are still to be swept out. An Emit
	// that is under way ranges over the slice as it was when it began: what is appended later is not in it, and sweep then
	// makes another slice.
	listeners []*entry[T]
	first     [1]*entry[T] // where listeners begins: most events have one
	removed   int          // how many of listeners are removed
	emits     uint64       // calls of Emit so far
	emitting  int          // calls that are under way, or were ended by a panic
	watch     func(n int)
}

// entry is one listener of an Event[T]; the caller holds its Listener part.
type entry[T any] struct {
	Listener
	event *Event[T]
	fn    func(T)
	once  bool
	fired bool   // a Once has had its call
	gone  uint64 // the number of the first Emit that does not call it any more; 0 while it is not removed
}

// A Listener is one registration on an [Event]. Its methods must be called on the goroutine of the object that owns
// the Event.
type Listener struct {
	entry interface{ remove() } // what this is part of; nil once removed
}

// Off removes the listener. An Emit that is under way still calls it, as Node's emitter does. Off after the first
// time does nothing.
func (l *Listener) Off() {
	if l.entry != nil {
		entry := l.entry
		l.entry = nil
		entry.remove()
	}
}

// On adds fn to the end of the listeners and returns its registration. It panics when fn is nil.
func (e *Event[T]) On(fn func(T)) *Listener { return e.add(fn, false) }

// Once adds fn for a single call: it is removed just before it runs. It panics when fn is nil.
func (e *Event[T]) Once(fn func(T)) *Listener { return e.add(fn, true) }

// Emit calls every listener with v and reports whether there was one. Listeners added while it runs wait for the
// next Emit, listeners removed while it runs are still called (Node v20 documentation, "Events", emitter.emit and
// emitter.removeListener). Emit does not allocate.
func (e *Event[T]) Emit(v T) bool {
	called := e.Len() > 0
	now := e.begin()
	for _, l := range e.listeners {
		if l.due(now) {
			l.fn(v)
		}
	}
	e.emitting--
	return called
}

// A Guard deals with a panic of a listener.
type Guard interface {
	// Recover is deferred around each listener: it calls recover().
	Recover()
}

// EmitGuarded is [Event.Emit] that defers g.Recover around each listener: a panic in one does not keep the others from being
// called.
func (e *Event[T]) EmitGuarded(v T, g Guard) bool {
	called := e.Len() > 0
	now := e.begin()
	for _, l := range e.listeners {
		if l.due(now) {
			l.callGuarded(v, g)
		}
	}
	e.emitting--
	return called
}

func (l *entry[T]) callGuarded(v T, g Guard) {
	defer g.Recover()
	l.fn(v)
}

// begin numbers a new Emit.
func (e *Event[T]) begin() (now uint64) {
	e.emits++
	e.emitting++
	return e.emits
}

// due reports whether Emit number now calls l, which it does next.
func (l *entry[T]) due(now uint64) bool {
	if l.gone != 0 && l.gone <= now {
		return false
	}
	if l.once {
		if l.fired {
			return false // A nested Emit was faster.
		}
		l.fired = true
		l.Off()
	}
	return true
}

// Len returns the number of listeners.
func (e *Event[T]) Len() int { return len(e.listeners) - e.removed }

// Watch has fn called with the number of listeners each time one was added or removed. There is one such function;
// it is for the object that owns the Event, which may start or stop its source by it.
func (e *Event[T]) Watch(fn func(n int)) { e.watch = fn }

func (e *Event[T]) add(fn func(T), once bool) *Listener {
	if fn == nil {
		panic("events: nil listener")
	}
	l := &entry[T]{event: e, fn: fn, once: once}
	l.entry = l
	if e.listeners == nil {
		e.listeners = e.first[:0]
	}
	e.listeners = append(e.listeners, l)
	e.changed()
	return &l.Listener
}

func (l *entry[T]) remove() {
	e := l.event
	l.gone = e.emits + 1 // One that is under way still calls it.
	e.removed++
	if e.removed > len(e.listeners)/2 {
		e.sweep()
	}
	e.changed()
}

// sweep drops the removed listeners. It is called when they are the majority, so that a removal costs the same however many
// listeners there are.
func (e *Event[T]) sweep() {
	all := e.listeners
	if e.emitting > 0 {
		e.listeners = make([]*entry[T], 0, len(all)-e.removed)
	} else {
		e.listeners = all[:0]
	}
	for _, l := range all {
		if l.gone == 0 {
			e.listeners = append(e.listeners, l)
		}
	}
	if e.emitting == 0 {
		clear(all[len(e.listeners):])
	}
	e.removed = 0
}

func (e *Event[T]) changed() {
	if e.watch != nil {
		e.watch(e.Len())
	}
}
