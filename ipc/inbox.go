package ipc

// inbound is one thing that has come: an ordinary message, or what is special.
type inbound struct {
	message *Message // nil for an error
	special *special // nil for an ordinary message
}

// special is what few messages have.
type special struct {
	cmd string // of an internal message
	fd  int    // that came with it, -1 if none; owned
	err error  // what was wrong with a message
}

// inbox is a queue of what has come and is about to be delivered: one tick is queued for each. It reuses its memory.
type inbox struct {
	buf  []inbound // length is a power of two
	head int
	n    int
}

// keptInbox is the number of places that an empty inbox keeps.
const keptInbox = 4096

func (q *inbox) push(in inbound) {
	if q.n == len(q.buf) {
		next := make([]inbound, max(16, 2*len(q.buf)))
		k := copy(next, q.buf[q.head:])
		copy(next[k:], q.buf[:q.head])
		q.buf, q.head = next, 0
	}
	q.buf[(q.head+q.n)&(len(q.buf)-1)] = in
	q.n++
}

func (q *inbox) pop() inbound {
	in := q.buf[q.head]
	q.buf[q.head] = inbound{}
	q.head = (q.head + 1) & (len(q.buf) - 1)
	q.n--
	if q.n == 0 && len(q.buf) > keptInbox {
		*q = inbox{}
	}
	return in
}
