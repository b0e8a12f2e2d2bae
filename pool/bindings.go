package pool

import "container/list"

// maxBindings is how many keys are remembered. Of more the one that was used longest ago is
// forgotten: its next job may go to another worker.
const maxBindings = 65_536

// bindings say which worker has the jobs of a key. The zero value is ready.
type bindings struct {
	byKey map[string]*list.Element // of *binding
	used  list.List                // the one that was used last at the front
}

type binding struct {
	key    string
	worker *worker
}

// worker returns the worker of a key, nil if it has none.
func (b *bindings) worker(key string) *worker {
	e := b.byKey[key]
	if key == "" || e == nil {
		return nil
	}
	return e.Value.(*binding).worker
}

// bind has w get the jobs of key from now on. "" is no key.
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
