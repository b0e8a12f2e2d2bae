package engine

import (
	js "modernc.org/libquickjs"
)

// Calls is a queue of deferred calls of functions. It is in the engine's memory, within its limit.
type Calls struct {
	e *Engine
	// of an array of values: for each call the number of its arguments, the function and the
	// arguments
	address    uintptr
	capacity   int // of the array: values
	first, end int // indexes of the first value, and of the one after the last
}

// NewCalls returns an empty queue, which lives as long as the engine.
func (e *Engine) NewCalls() *Calls {
	q := &Calls{e: e}
	e.calls = append(e.calls, q)
	return q
}

// IsEmpty reports whether the queue has no call.
func (q *Calls) IsEmpty() bool { return q.first == q.end }

// Put adds a call of fn with the arguments of c, from index from on. Its error is that there is no
// memory.
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
	minCalls     = 64   // initial capacity: values
	maxIdleCalls = 8192 // the largest capacity that an empty queue keeps: values
)

// grow makes room for n more values.
func (q *Calls) grow(s *Scope, n int) error {
	used := q.end - q.first
	// Move the values to the beginning: otherwise a queue that is never empty would grow for ever.
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

// Next removes the first call and makes it. Its error is the exception of the function.
func (q *Calls) Next(s *Scope) error {
	if err := s.interruption(); err != nil {
		return err
	}
	e := q.e
	args := int(int32(q.slotAt(q.first).Fu.Fuint641))
	size := (1 + args) * valueSize // Copied, because calls that are added may move the array.
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

// clear empties a queue without calls.
func (q *Calls) clear() {
	q.first, q.end = 0, 0
	if q.capacity > maxIdleCalls {
		js.Xjs_free(q.e.tls, q.e.ctx, q.address)
		q.address, q.capacity = 0, 0
	}
}

// free releases all calls and the memory.
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
