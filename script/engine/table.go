package engine

import "iter"

// table stores values under numbers from 1 on, which are reused.
type table[T any] struct {
	slots []slot[T]
	free  []uint32 // numbers to reuse
}

type slot[T any] struct {
	value T
	taken bool
}

// put stores v and returns its number.
func (t *table[T]) put(v T) uint32 {
	if n := len(t.free); n > 0 {
		i := t.free[n-1]
		t.free = t.free[:n-1]
		t.slots[i-1] = slot[T]{v, true}
		return i
	}
	t.slots = append(t.slots, slot[T]{v, true})
	return uint32(len(t.slots))
}

// get returns the value with number i.
func (t *table[T]) get(i uint32) (v T, ok bool) {
	if i == 0 || int(i) > len(t.slots) || !t.slots[i-1].taken {
		return v, false
	}
	return t.slots[i-1].value, true
}

// take removes and returns the value with number i.
func (t *table[T]) take(i uint32) (v T, ok bool) {
	if v, ok = t.get(i); ok {
		t.slots[i-1] = slot[T]{}
		t.free = append(t.free, i)
	}
	return v, ok
}

// all yields the values; a yielded value may be taken meanwhile.
func (t *table[T]) all() iter.Seq[T] {
	return func(yield func(T) bool) {
		for i := range t.slots {
			if t.slots[i].taken && !yield(t.slots[i].value) {
				return
			}
		}
	}
}
