package reactor

import "io"

// localTable holds the values that packages built on the loop keep once per loop. Only the loop
// goroutine touches it.
type localTable struct {
	byKey map[any]io.Closer // nil before the first value
	order []io.Closer       // the same values, in the order of their making
}

// Local returns the value that the loop keeps under key. The first call for a key makes the value
// by create. Close closes the values in reverse order of their making. With Local a package has
// state per loop instead of package-level state; key should be of an unexported type of that
// package. If create fails, Local returns its error and keeps nothing. Local returns [ErrClosed]
// after Close and panics when create is nil.
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

// close closes all values, also when one panics, and returns the first error.
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
