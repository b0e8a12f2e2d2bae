package pool

import "container/list"

// maxBindings is the greatest number of keys. Beyond it, the key that was used longest ago is
// forgotten, and its next job may go to another worker.
const maxBindings = 65_536

// bindings map keys to workers. The zero value is ready. Bound workers are ready ones: when a
// worker leaves that state, requeueBound forgets its keys.
type bindings struct {
	byKey map[string]*list.Element // values are *binding
	used  list.List                // the last used one at the front
}

type binding struct {
	key    string
	worker *worker
}

// worker returns the worker of a key, or nil.
func (b *bindings) worker(key string) *worker {
	e := b.byKey[key]
	if key == "" || e == nil {
		return nil
	}
	return e.Value.(*binding).worker
}

// bind gives w the jobs of key from now on. "" is no key.
func (b *bindings) bind(key string, w *worker) {
	if key == "" {
		return
	}
	if e := b.byKey[key]; e != nil {
		e.Value.(*binding).worker = w
		b.used.MoveToFront(e)
		return
	}
	if b.byKey == nil {
		b.byKey = map[string]*list.Element{}
	}
	b.byKey[key] = b.used.PushFront(&binding{key, w})
	if len(b.byKey) > maxBindings {
		b.remove(b.used.Back())
	}
}

func (b *bindings) remove(e *list.Element) {
	delete(b.byKey, e.Value.(*binding).key)
	b.used.Remove(e)
}

// forget unbinds all keys of w.
func (b *bindings) forget(w *worker) {
	var next *list.Element
	for e := b.used.Front(); e != nil; e = next {
		next = e.Next()
		if e.Value.(*binding).worker == w {
			b.remove(e)
		}
	}
}
