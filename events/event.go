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
	// listeners is replaced, never changed in place: an Emit that is under way keeps ranging over the slice it
	// started with, which is what makes a listener free to add and remove others.
	listeners []*entry[T]
	watch     func(n int)
}

// entry is one listener of an Event[T]; the caller holds its Listener part.
type entry[T any] struct {
	Listener
	fn    func(T)
	once  bool
	fired bool
}

// A Listener is one registration on an [Event]. Its methods must be called on the goroutine of the object that owns
// the Event.
type Listener struct {
	from interface{ remove(*Listener) } // nil once removed
}

// Off removes the listener. An Emit that is under way still calls it, as Node's emitter does. Off after the first
// time does nothing.
func (l *Listener) Off() {
	if l.from == nil {
		return
	}
	from := l.from
	l.from = nil
	from.remove(l)
}

// On adds fn to the end of the listeners and returns its registration. It panics when fn is nil.
func (e *Event[T]) On(fn func(T)) *Listener { return e.add(fn, false) }

// Once adds fn for a single call: it is removed just before it runs. It panics when fn is nil.
func (e *Event[T]) Once(fn func(T)) *Listener { return e.add(fn, true) }

// Emit calls every listener with v and reports whether there was one. Listeners added while it runs wait for the
// next Emit, listeners removed while it runs are still called (Node v20 documentation, "Events", emitter.emit and
// emitter.removeListener). Emit does not allocate.
func (e *Event[T]) Emit(v T) bool {
	list := e.listeners
	for _, l := range list {
		if l.once {
			// A nested Emit ranges over an older slice that still has this entry.
			if l.fired {
				continue
			}
			l.fired = true
			l.Off()
		}
		l.fn(v)
	}
	return len(list) > 0
}

// Len returns the number of listeners.
func (e *Event[T]) Len() int { return len(e.listeners) }

// Watch has fn called with the number of listeners each time one was added or removed. There is one such function;
// it is for the object that owns the Event, which may start or stop its source by it.
func (e *Event[T]) Watch(fn func(n int)) { e.watch = fn }

func (e *Event[T]) add(fn func(T), once bool) *Listener {
	if fn == nil {
		panic("events: nil listener")
	}
	l := &entry[T]{fn: fn, once: once}
	l.from = e
	next := make([]*entry[T], len(e.listeners)+1)
	copy(next, e.listeners)
	next[len(e.listeners)] = l
	e.replace(next)
	return &l.Listener
}

func (e *Event[T]) remove(gone *Listener) {
	for i, l := range e.listeners {
		if &l.Listener != gone {
			continue
		}
		var next []*entry[T]
		if len(e.listeners) > 1 {
			next = make([]*entry[T], 0, len(e.listeners)-1)
			next = append(append(next, e.listeners[:i]...), e.listeners[i+1:]...)
		}
		e.replace(next)
		return
	}
}

func (e *Event[T]) replace(next []*entry[T]) {
	e.listeners = next
	if e.watch != nil {
		e.watch(len(next))
	}
}
