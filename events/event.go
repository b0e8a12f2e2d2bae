// Package events has typed, ordered, synchronous emitters: the small piece every object of brood
// uses to tell its listeners what happened. An [Event] is a plain value inside the object that owns
// it; it belongs to that object's goroutine and has no lock.
package events

// An Event calls its listeners, in the order they were added, each time [Event.Emit] is called. The
// zero value is ready to use. An Event must not be copied after its first listener was added.
//
// An Event's methods must be called on the goroutine of the object that owns it, for brood's
// objects the loop goroutine.
type Event[T any] struct {
	// nil until somebody listens or watches: an object has many events, and most of them nobody
	// wants
	list *list[T]
}

// list is what an Event is once it is in use.
type list[T any] struct {
	// listeners has those that were added, in order, and among them the removed ones that are still
	// to be swept out. An Emit that is under way ranges over the slice as it was when it began:
	// what is appended later is not in it, and sweep then makes another slice.
	listeners []*entry[T]
	removed   int    // how many of listeners are removed
	emits     uint64 // calls of Emit so far
	emitting  int    // calls that are under way, or were ended by a panic
	watch     func(n int)

	// Most events that have a listener have one, so its memory is here. It is used once: whoever
	// has the Listener may call Off at any time.
	firstListeners [1]*entry[T] // the array that listeners begins in
	firstEntry     entry[T]
}

// entry is one listener of an Event[T]; the caller holds its Listener part.
type entry[T any] struct {
	Listener
	list  *list[T] // nil while the memory is unused
	fn    func(T)
	once  bool
	fired bool // a Once has had its call
	// the number of the first Emit that does not call it any more; 0 while it is not removed
	goneFrom uint64
}

// A Listener is one registration on an [Event]. Its methods must be called on the goroutine of the
// object that owns the Event.
type Listener struct {
	entry interface{ remove() } // what this is part of; nil once removed
}

// Off removes the listener. An Emit that is under way still calls it, as Node's emitter does. Off
// after the first time does nothing.
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

// Emit calls every listener with v and reports whether there was one. Listeners added while it runs
// wait for the next Emit, listeners removed while it runs are still called (Node v20 documentation,
// "Events", emitter.emit and emitter.removeListener). Emit does not allocate.
func (e *Event[T]) Emit(v T) bool {
	all := e.list
	if all == nil {
		return false
	}
	called := all.len() > 0
	now := all.beginEmit()
	for _, l := range all.listeners {
		if l.due(now) {
			l.fn(v)
		}
	}
	all.endEmit()
	return called
}

// Only returns the listener, if there is one and it is to be called more than once, else nil. To
// call it is what Emit would do then, and takes less: whatever it does to the Event, there is
// nobody else whom that call could concern.
func (e *Event[T]) Only() func(T) {
	if all := e.list; all != nil && len(all.listeners) == 1 && all.removed == 0 && !all.listeners[0].once {
		return all.listeners[0].fn
	}
	return nil
}

// A Guard deals with a panic of a listener.
type Guard interface {
	// Recover is deferred around each listener: it calls recover().
	Recover()
}

// EmitGuarded is [Event.Emit] that defers g.Recover around each listener: a panic in one does not
// keep the others from being called.
func (e *Event[T]) EmitGuarded(v T, g Guard) bool {
	all := e.list
	if all == nil {
		return false
	}
	called := all.len() > 0
	now := all.beginEmit()
	for _, l := range all.listeners {
		if l.due(now) {
			l.callGuarded(v, g)
		}
	}
	all.endEmit()
	return called
}

func (l *entry[T]) callGuarded(v T, g Guard) {
	defer g.Recover()
	l.fn(v)
}

// beginEmit numbers a new Emit.
func (all *list[T]) beginEmit() (now uint64) {
	all.emits++
	all.emitting++
	return all.emits
}

func (all *list[T]) endEmit() {
	all.emitting--
	all.forgetFunc()
}

// forgetFunc lets go of what a removed listener holds, whose memory stays.
func (all *list[T]) forgetFunc() {
	if all.emitting == 0 && all.firstEntry.goneFrom != 0 {
		all.firstEntry.fn = nil
	}
}

// due reports whether Emit number now calls l, which it does next.
func (l *entry[T]) due(now uint64) bool {
	return l.goneFrom == 0 && !l.once || l.stillDue(now)
}

// stillDue is due of a listener that is to be called once or was removed. It is apart so that due
// can be inlined.
func (l *entry[T]) stillDue(now uint64) bool {
	if l.goneFrom != 0 && l.goneFrom <= now {
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
func (e *Event[T]) Len() int {
	if e.list == nil {
		return 0
	}
	return e.list.len()
}

// Watch has fn called with the number of listeners each time one was added or removed. There is one
// such function; it is for the object that owns the Event, which may start or stop its source by
// it.
func (e *Event[T]) Watch(fn func(n int)) { e.ensureList().watch = fn }

func (e *Event[T]) add(fn func(T), once bool) *Listener {
	if fn == nil {
		panic("events: nil listener")
	}
	return e.ensureList().add(fn, once)
}

// ensureList returns the list, and makes it when there is none.
func (e *Event[T]) ensureList() *list[T] {
	if e.list == nil {
		e.list = new(list[T])
		e.list.listeners = e.list.firstListeners[:0]
	}
	return e.list
}

func (all *list[T]) len() int { return len(all.listeners) - all.removed }

func (all *list[T]) add(fn func(T), once bool) *Listener {
	l := &all.firstEntry
	if l.list != nil {
		l = new(entry[T])
	}
	l.list, l.fn, l.once = all, fn, once
	l.entry = l
	all.listeners = append(all.listeners, l)
	all.tellWatch()
	return &l.Listener
}

func (l *entry[T]) remove() {
	all := l.list
	l.goneFrom = all.emits + 1 // One that is under way still calls it.
	all.removed++
	if all.removed > len(all.listeners)/2 {
		all.sweep()
	}
	all.forgetFunc()
	all.tellWatch()
}

// sweep drops the removed listeners. It is called when they are the majority, so that a removal
// costs the same however many listeners there are.
func (all *list[T]) sweep() {
	old := all.listeners
	if all.emitting > 0 {
		all.listeners = make([]*entry[T], 0, len(old)-all.removed)
	} else {
		all.listeners = old[:0]
	}
	for _, l := range old {
		if l.goneFrom == 0 {
			all.listeners = append(all.listeners, l)
		}
	}
	if all.emitting == 0 {
		clear(old[len(all.listeners):])
	}
	all.removed = 0
}

func (all *list[T]) tellWatch() {
	if all.watch != nil {
		all.watch(all.len())
	}
}
