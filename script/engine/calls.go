package engine

import (
	js "modernc.org/libquickjs"
)

// Calls are calls of functions that are put off, in their order. They are in the engine's memory,
// within its limit.
type Calls struct {
	e          *Engine
	address    uintptr // of values: of each call how many arguments it has, the function, and these
	capacity   int     // values there is memory for
	first, end int     // of those that are there
}

// NewCalls returns an empty queue, which is as long as the engine.
func (e *Engine) NewCalls() *Calls {
	q := &Calls{e: e}
	e.calls = append(e.calls, q)
	return q
}

// IsEmpty reports whether there is no call.
func (q *Calls) IsEmpty() bool { return q.first == q.end }

// Put adds a call of fn with the arguments that c has, from the from-th on.
func (q *Calls) Put(fn Value, c *Call, from int) error {
	args := max(0, c.argc-from)
	if q.end+2+args > q.capacity {
		if err := q.grow(c.Scope, 2+args); err != nil {
			return err
		}
	}
	q.push(intValue(int32(args)))
	q.push(js.XDupValue(q.e.tls, q.e.ctx, q.e.rawValue(fn)))
	for i := range args {
		q.push(js.XDupValue(q.e.tls, q.e.ctx, valueAt(c.argv, from+i)))
	}
	return nil
}

func (q *Calls) push(v js.TJSValue) {
	*q.slotAt(q.end) = v
	q.end++
}

func (q *Calls) slotAt(i int) *js.TJSValue {
	return pointerAt[js.TJSValue](q.address + uintptr(i*valueSize))
}

const (
	minCalls     = 64   // values there is room for at first
	maxIdleCalls = 8192 // values whose memory an empty queue keeps
)

// grow makes room for n values behind those that are there.
func (q *Calls) grow(s *Scope, n int) error {
	used := q.end - q.first
	// Calls that put off calls would have it grow for ever.
	if q.first > 0 && 2*(used+n) <= q.capacity {
		copy(bytesAt(q.address, used*valueSize), bytesAt(q.address+uintptr(q.first*valueSize), used*valueSize))
		q.first, q.end = 0, used
		return nil
	}
	room := max(minCalls, 2*(q.end+n))
	address := js.Xjs_realloc(q.e.tls, q.e.ctx, q.address, js.Size_t(room*valueSize))
	if address == 0 {
		return s.exception()
	}
	q.address, q.capacity = address, room
	return nil
}

// Next makes the first call. Its error is what the function has thrown.
func (q *Calls) Next(s *Scope) error {
	if err := s.interruption(); err != nil {
		return err
	}
	e := q.e
	args := int(int32(q.slotAt(q.first).Fu.Fuint641))
	size := (1 + args) * valueSize // Calls that are added may move the others.
	call := e.tls.Alloc(size)
	copy(bytesAt(call, size), bytesAt(q.address+uintptr((q.first+1)*valueSize), size))
	if q.first += 2 + args; q.first == q.end {
		q.clear()
	}
	r := js.XJS_Call(e.tls, e.ctx, valueAt(call, 0), js.TJSValue{Ftag: js.EJS_TAG_UNDEFINED}, int32(args), call+uintptr(valueSize))
	for i := range 1 + args {
		js.XFreeValue(e.tls, e.ctx, valueAt(call, i))
	}
	e.tls.Free(size)
	if r.Ftag == js.EJS_TAG_EXCEPTION {
		s.reraise()
		return s.exception()
	}
	js.XFreeValue(e.tls, e.ctx, r)
	s.reraise()
	return nil
}

// clear forgets that there were calls.
func (q *Calls) clear() {
	q.first, q.end = 0, 0
	if q.capacity > maxIdleCalls {
		js.Xjs_free(q.e.tls, q.e.ctx, q.address)
		q.address, q.capacity = 0, 0
	}
}

// free lets go of all calls.
func (q *Calls) free() {
	for q.first < q.end {
		args := int(int32(q.slotAt(q.first).Fu.Fuint641))
		for i := range 1 + args {
			js.XFreeValue(q.e.tls, q.e.ctx, *q.slotAt(q.first + 1 + i))
		}
		q.first += 2 + args
	}
	js.Xjs_free(q.e.tls, q.e.ctx, q.address)
	*q = Calls{e: q.e}
}
