package ipc

// ring is a queue of T that reuses its memory. The zero value is empty and ready to use.
type ring[T any] struct {
	buf  []T // its length is a power of two, or 0
	head int // index of the oldest
	n    int // entries
}

// keptPlaces is the capacity above which an empty ring gives its memory up.
const keptPlaces = 4096

func (q *ring[T]) len() int { return q.n }

func (q *ring[T]) push(v T) {
	if q.n == len(q.buf) {
		next := make([]T, max(16, 2*len(q.buf)))
		k := copy(next, q.buf[q.head:])
		copy(next[k:], q.buf[:q.head])
		q.buf, q.head = next, 0
	}
	q.buf[(q.head+q.n)&(len(q.buf)-1)] = v
	q.n++
}

// front returns the oldest entry. The ring must not be empty.
func (q *ring[T]) front() *T { return &q.buf[q.head] }

func (q *ring[T]) pop() T {
	v := q.buf[q.head]
	q.buf[q.head] = *new(T)
	q.head = (q.head + 1) & (len(q.buf) - 1)
	q.n--
	if q.n == 0 && len(q.buf) > keptPlaces {
		*q = ring[T]{}
	}
	return v
}
