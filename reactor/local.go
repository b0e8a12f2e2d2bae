package reactor

import "io"

// localTable holds what packages built on the loop keep once per loop, in the order of its making.
type localTable struct {
	byKey map[any]io.Closer
	order []io.Closer
}

// Local returns what the loop keeps under key, made by create on first use and closed with the loop,
// in reverse order of making. It is how a package has state per loop instead of package-level
// state; key should be of an unexported type of that package. An error from create is returned and
// nothing is kept. It returns [ErrClosed] after Close and panics when create is nil.
func (l *Loop) Local(key any, create func() (io.Closer, error)) (io.Closer, error) {
	l.check("Local")
	if create == nil {
		panic("reactor: Local: nil callback")
	}
	if l.closed {
		return nil, ErrClosed
	}
	if c, ok := l.locals.byKey[key]; ok {
		return c, nil
	}
	c, err := create()
	if err != nil {
		return nil, err
	}
	if l.locals.byKey == nil {
		l.locals.byKey = map[any]io.Closer{}
	}
	l.locals.byKey[key] = c
	l.locals.order = append(l.locals.order, c)
	return c, nil
}

// close closes all of them, also when one panics, and returns the first error.
func (t *localTable) close() (err error) {
	n := len(t.order)
	if n == 0 {
		t.byKey = nil
		return nil
	}
	last := t.order[n-1]
	t.order[n-1] = nil
	t.order = t.order[:n-1]
	defer func() { err = firstError(err, t.close()) }()
	return last.Close()
}
