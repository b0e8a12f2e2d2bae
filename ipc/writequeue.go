package ipc

import (
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

// longFrame is the length, in bytes, above which push keeps a frame's own memory instead of copying
// it into blocks. Up to it a copy is cheaper than new memory for the next frame.
const longFrame = 256 << 10

// writeQueue has the bytes of the wire that the kernel has not taken, in order. Short frames share
// blocks of the hub; a long one, or one with a handle, is a piece of its own. The three slices have
// the same length.
type writeQueue struct {
	pieces [][]byte // unwritten bytes, each piece non-empty
	// the block of each piece, to be recycled; nil if the piece is not in a block
	blocks [][]byte
	// the transfer whose descriptor goes with the piece's first byte; nil if none, or once sent
	transfers []*handleTransfer
	size      int // bytes in pieces together
}

func (q *writeQueue) empty() bool { return q.size == 0 }

// push appends a copy of p, or p itself if it is long. If kept is true the queue owns p.
func (q *writeQueue) push(h *hub, p []byte) (kept bool) {
	q.size += len(p)
	if len(p) > longFrame {
		q.add(p, nil, nil)
		return true
	}
	if last := len(q.pieces) - 1; last >= 0 && q.blocks[last] != nil {
		piece := q.pieces[last]
		k := min(len(p), cap(piece)-len(piece))
		q.pieces[last] = append(piece, p[:k]...)
		p = p[k:]
	}
	for len(p) > 0 {
		b := h.block()
		k := min(len(p), cap(b))
		q.add(append(b, p[:k]...), b, nil)
		p = p[k:]
	}
	return false
}

// pushTransfer appends the frame of t, whose descriptor goes with its first byte.
func (q *writeQueue) pushTransfer(t *handleTransfer) {
	q.size += len(t.frame)
	q.add(t.frame, nil, t)
}

func (q *writeQueue) add(piece, block []byte, t *handleTransfer) {
	q.pieces = append(q.pieces, piece)
	q.blocks = append(q.blocks, block)
	q.transfers = append(q.transfers, t)
}

// nextTransfer returns the transfer whose frame is sent next, nil if the next piece has no
// descriptor. The queue must not be empty.
func (q *writeQueue) nextTransfer() *handleTransfer { return q.transfers[0] }

// send makes one sendmsg(2): of a piece with a descriptor alone, as Node does, or of all pieces
// before the next such piece. It removes the n bytes that the kernel took. The queue must not be
// empty.
func (q *writeQueue) send(h *hub, socket int) (n int, err error) {
	if t := q.transfers[0]; t != nil {
		n, err = fd.Sendmsg(socket, q.pieces[:1], unix.UnixRights(t.out.fd))
		if n > 0 {
			q.transfers[0] = nil
		}
	} else {
		k := 1
		for k < len(q.transfers) && q.transfers[k] == nil {
			k++
		}
		n, err = fd.Sendmsg(socket, q.pieces[:k], nil)
	}
	q.pop(h, n)
	return n, err
}

// pop removes the first n bytes.
func (q *writeQueue) pop(h *hub, n int) {
	q.size -= n
	i := 0
	for i < len(q.pieces) && n >= len(q.pieces[i]) {
		n -= len(q.pieces[i])
		h.recycle(q.blocks[i])
		q.pieces[i], q.blocks[i], q.transfers[i] = nil, nil, nil
		i++
	}
	if i > 0 && i == len(q.pieces) {
		q.pieces, q.blocks, q.transfers = q.pieces[:0], q.blocks[:0], q.transfers[:0]
		return
	}
	q.pieces, q.blocks, q.transfers = q.pieces[i:], q.blocks[i:], q.transfers[i:]
	if len(q.pieces) > 0 {
		q.pieces[0] = q.pieces[0][n:]
	}
}

// drop empties the queue. Its blocks go back to h.
func (q *writeQueue) drop(h *hub) {
	for _, b := range q.blocks {
		h.recycle(b)
	}
	*q = writeQueue{}
}
