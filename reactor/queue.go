package reactor

const (
	// queueBlock is how many entries a block of a queue has: with its link it is 1 KiB of pointers.
	queueBlock = 127

	// queueSpares is how many empty blocks a queue keeps, 32 KiB: no turn that queues up to 4,000
	// things allocates.
	queueSpares = 32
)

// queue is first in, first out. It is made of blocks, because an array stays as large as the
// greatest burst was, and copies everything when it grows. The zero value is ready.
type queue[T any] struct {
	n          int // entries
	head, tail *block[T]
	at         int // head.entries[at] is the first entry
	room       int // free places at the end of tail
	spare      *block[T]
	spares     int
}

type block[T any] struct {
	entries [queueBlock]T // zero where there is no entry
	next    *block[T]
}

func (q *queue[T]) push(v T) {
	if q.room == 0 {
		q.extend()
	}
	q.tail.entries[queueBlock-q.room] = v
	q.room--
	q.n++
}

// pop removes the first entry of a queue that is not empty.
func (q *queue[T]) pop() T {
	var none T
	p := &q.head.entries[q.at]
	v := *p
	*p = none
	q.n--
	if q.at++; q.at == queueBlock {
		q.shorten()
	}
	return v
}

// extend appends a block.
func (q *queue[T]) extend() {
	b := q.spare
	if b == nil {
		b = new(block[T])
	} else {
		q.spare, b.next = b.next, nil
		q.spares--
	}
	if q.head == nil {
		q.head = b
	} else {
		q.tail.next = b
	}
	q.tail, q.room = b, queueBlock
}

// shorten removes the first block, which is used up.
func (q *queue[T]) shorten() {
	b := q.head
	q.head, q.at = b.next, 0
	if q.spares < queueSpares {
		q.spare, b.next = b, q.spare
		q.spares++
	}
}

// phaseQueue is a queue of which a phase runs what was there when it began.
type phaseQueue[T any] struct {
	queue[T]
	due int // entries that this phase has yet to run; not 0 between turns only when a panic unwound
}

// begin begins a phase. What a panic has left over from the one before is run alone: so everything
// keeps its order.
func (q *phaseQueue[T]) begin() {
	if q.due == 0 {
		q.due = q.n
	}
}

// popDue removes the first entry while due is not 0.
func (q *phaseQueue[T]) popDue() T {
	q.due--
	return q.pop()
}
