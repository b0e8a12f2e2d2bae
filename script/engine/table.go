package engine

import "iter"

// table holds values by small numbers, which are used again. Zero is no number of any.
type table[T any] struct {
	slots []slot[T]
	free  []uint32
}

type slot[T any] struct {
	value T
	taken bool
}

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

func (t *table[T]) get(i uint32) (v T, ok bool) {
	if i == 0 || int(i) > len(t.slots) || !t.slots[i-1].taken {
		return v, false
	}
	return t.slots[i-1].value, true
}

func (t *table[T]) take(i uint32) (v T, ok bool) {
	if v, ok = t.get(i); ok {
		t.slots[i-1] = slot[T]{}
		t.free = append(t.free, i)
	}
	return v, ok
}

// all yields what there is; what it yields may be taken meanwhile.
func (t *table[T]) all() iter.Seq[T] {
	return func(yield func(T) bool) {
		for i := range t.slots {
			if t.slots[i].taken && !yield(t.slots[i].value) {
				return
			}
		}
	}
}
