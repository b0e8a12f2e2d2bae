package reactor

const (
	// queueBlock is how many entries a block of a queue has. With the link a block of pointers
	// takes 1 KiB.
	queueBlock = 127

	// queueSpares is how many empty blocks a queue keeps, 32 KiB of pointers: a turn that queues up
	// to 4,000 entries does not allocate.
	queueSpares = 32
)

// queue is first in, first out. It is a list of blocks: an array would stay as large as its
// greatest burst was, and copy all entries when it grows. The zero value is ready. A queue belongs
// to the loop goroutine, or to door.mu.
type queue[T any] struct {
	n int // number of entries
	// first and last block; head is nil before the first push and after the last block was used up
	head, tail *block[T]
	at         int       // index of the first entry in head
	room       int       // free places at the end of tail; 0: the next push appends a block
	spare      *block[T] // list of empty blocks
	spares     int       // their number, at most queueSpares
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

// pop removes and returns the first entry. The queue must not be empty.
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

// shorten removes the first block, whose entries are all used up.
func (q *queue[T]) shorten() {
	b := q.head
	q.head, q.at = b.next, 0
	if q.spares < queueSpares {
		q.spare, b.next = b, q.spare
		q.spares++
	}
}

// phaseQueue is a queue for a phase that runs only the entries that were there when it began.
type phaseQueue[T any] struct {
	queue[T]
	due int // entries that this phase has yet to run; 0 between turns, unless a panic unwound
}

// begin begins a phase. If a panic ended the last phase early, this one runs only the entries left
// over, so that all keep their order.
func (q *phaseQueue[T]) begin() {
	if q.due == 0 {
		q.due = q.n
	}
}

// popDue removes and returns the first entry. due must not be 0.
func (q *phaseQueue[T]) popDue() T {
	q.due--
	return q.pop()
}
