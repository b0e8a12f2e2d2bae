// Package events has typed, ordered, synchronous emitters. The objects of brood use them to tell
// their listeners about events. An [Event] is a plain value inside the object that owns it. It
// belongs to the goroutine of that object and has no lock.
package events

// An Event calls its listeners, in the order in which they were added, each time [Event.Emit] is
// called. The zero value is ready to use. An Event must not be copied after its first listener was
// added.
//
// An Event's methods must be called on the goroutine of the object that owns it, for brood's
// objects the loop goroutine.
type Event[T any] struct {
	list *list[T] // nil until the first On, Once or Watch: most events get no listener
}

// list is the state of an Event that is in use.
type list[T any] struct {
	// listeners has the entries in the order in which they were added, and among them removed ones
	// until the next sweep. An Emit ranges over the slice as it was when that Emit began: appended
	// entries are not in it, and a sweep during an Emit makes another slice.
	listeners []*entry[T]
	removed   int         // number of removed entries in listeners
	emits     uint64      // calls of Emit so far
	emitting  int         // calls of Emit that have not returned; one that panics counts for ever
	watch     func(n int) // of Watch; nil without

	// Most events that have a listener have one, so its memory is here. Each of these is used once:
	// the owner of the Listener may call Off at any time, also long after.
	firstListeners [1]*entry[T] // the array that listeners begins in
	firstEntry     entry[T]
}

// entry is one listener of an Event[T]. The caller of On has its Listener part.
type entry[T any] struct {
	Listener
	list     *list[T] // nil while the memory is unused
	fn       func(T)
	once     bool   // added by Once
	fired    bool   // added by Once, and called
	goneFrom uint64 // number of the first Emit that does not call it; 0 while it is not removed
}

// A Listener is one registration on an [Event]. Its methods must be called on the goroutine of the
// object that owns the Event.
type Listener struct {
	entry interface{ remove() } // the entry that this is part of; nil once removed
}

// Off removes the listener. An Emit that is under way still calls it, as Node's emitter does. Off
// does nothing on a listener that was removed before.
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

// Emit calls every listener with v and reports whether there was one. Listeners that are added
// during an Emit wait for the next; listeners that are removed during it are still called (Node v20
// documentation, "Events", emitter.emit and emitter.removeListener). If a listener panics, the
// panic goes through Emit, and later listeners are not called. Emit does not allocate.
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

// Only returns the listener if it is the only one and was added by On, else nil. Calling it does
// the same as Emit and takes less time: no change that it makes to the Event can concern this Emit.
func (e *Event[T]) Only() func(T) {
	if all := e.list; all != nil && len(all.listeners) == 1 && all.removed == 0 && !all.listeners[0].once {
		return all.listeners[0].fn
	}
	return nil
}

// A Guard recovers from panics of listeners.
type Guard interface {
	// Recover is deferred around each listener. It calls recover().
	Recover()
}

// EmitGuarded is [Event.Emit] that defers g.Recover around each listener, so that the other
// listeners are called after a panic.
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

// beginEmit returns the number of a new Emit.
func (all *list[T]) beginEmit() (now uint64) {
	all.emits++
	all.emitting++
	return all.emits
}

func (all *list[T]) endEmit() {
	all.emitting--
	all.forgetFunc()
}

// forgetFunc lets the garbage collector have the function of a removed firstEntry, whose memory is
// part of the list.
func (all *list[T]) forgetFunc() {
	if all.emitting == 0 && all.firstEntry.goneFrom != 0 {
		all.firstEntry.fn = nil
	}
}

// due reports whether Emit number now must call l, and notes that it does.
func (l *entry[T]) due(now uint64) bool {
	return l.goneFrom == 0 && !l.once || l.stillDue(now)
}

// stillDue is due for an entry that was added by Once or was removed. It is a function of its own
// so that due can be inlined.
func (l *entry[T]) stillDue(now uint64) bool {
	if l.goneFrom != 0 && l.goneFrom <= now {
		return false
	}
	if l.once {
		if l.fired {
			return false // A nested Emit has called it.
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

// Watch calls fn with the number of listeners each time a listener was added or removed. There is
// one such function; another call replaces it. It is for the object that owns the Event, which may
// start and stop its source accordingly.
func (e *Event[T]) Watch(fn func(n int)) { e.ensureList().watch = fn }

func (e *Event[T]) add(fn func(T), once bool) *Listener {
	if fn == nil {
		panic("events: nil listener")
	}
	return e.ensureList().add(fn, once)
}

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

// remove is called by Off, once. The entry stays in listeners until the next sweep.
func (l *entry[T]) remove() {
	all := l.list
	l.goneFrom = all.emits + 1 // An Emit that is under way still calls l.
	all.removed++
	if all.removed > len(all.listeners)/2 {
		all.sweep()
	}
	all.forgetFunc()
	all.tellWatch()
}

// sweep drops the removed entries. It is called when they are the majority, so the cost of a
// removal does not depend on the number of listeners.
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
