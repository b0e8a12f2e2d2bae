package streams

// writeQueue holds copies of the bytes that the kernel did not take, in order. Small pieces share
// blocks of the hub, which come back to it when they were written. A piece that is larger than a
// block has memory of its own, exactly as long. Only the loop goroutine uses it. The zero value is
// an empty queue.
type writeQueue struct {
	pieces [][]byte // the bytes to write; none is empty
	blocks [][]byte // blocks[i] is the memory of pieces[i], from its beginning
	size   int      // bytes in pieces
}

func (q *writeQueue) empty() bool { return q.size == 0 }

// push appends a copy of p.
func (q *writeQueue) push(h *hub, p []byte) {
	q.size += len(p)
	if n := len(q.pieces); n > 0 {
		last := q.pieces[n-1]
		k := min(len(p), cap(last)-len(last))
		q.pieces[n-1] = append(last, p[:k]...)
		p = p[k:]
	}
	if len(p) == 0 {
		return
	}
	var b []byte
	if len(p) > blockSize {
		b = make([]byte, 0, len(p))
	} else {
		b = h.acquireBlock()
	}
	q.blocks = append(q.blocks, b)
	q.pieces = append(q.pieces, append(b, p...))
}

// pop removes the first n bytes, which must be in the queue.
func (q *writeQueue) pop(h *hub, n int) {
	q.size -= n
	i := 0
	for i < len(q.pieces) && n >= len(q.pieces[i]) {
		n -= len(q.pieces[i])
		h.releaseBlock(q.blocks[i])
		q.pieces[i], q.blocks[i] = nil, nil
		i++
	}
	if i > 0 && i == len(q.pieces) {
		q.pieces, q.blocks = q.pieces[:0], q.blocks[:0]
		return
	}
	q.pieces, q.blocks = q.pieces[i:], q.blocks[i:]
	if len(q.pieces) > 0 {
		q.pieces[0] = q.pieces[0][n:]
	}
}

// drop removes all bytes.
func (q *writeQueue) drop(h *hub) {
	for _, b := range q.blocks {
		h.releaseBlock(b)
	}
	*q = writeQueue{}
}
