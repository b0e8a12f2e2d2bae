package ipc

import (
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

// longFrame is the length, in bytes, from which on the rest of a frame is kept as it is and not
// copied into blocks. Up to it copying is cheaper than making new memory for the next frame.
const longFrame = 256 << 10

// writeQueue holds what the kernel did not take, in order. Frames share blocks; a long one has its
// own memory.
type writeQueue struct {
	pieces [][]byte // the unwritten parts
	// the memory of each piece, from its beginning; nil where it is not from hub.block
	blocks    [][]byte
	transfers []*handleTransfer // whose descriptor goes with the first byte of each piece, nil if none
	size      int               // bytes in pieces
}

func (q *writeQueue) empty() bool { return q.size == 0 }

// push appends p: a copy, or p itself when it is long, which it reports.
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

// pushTransfer appends the frame of t, which goes with a descriptor.
func (q *writeQueue) pushTransfer(t *handleTransfer) {
	q.size += len(t.frame)
	q.add(t.frame, nil, t)
}

func (q *writeQueue) add(piece, block []byte, t *handleTransfer) {
	q.pieces = append(q.pieces, piece)
	q.blocks = append(q.blocks, block)
	q.transfers = append(q.transfers, t)
}

// nextTransfer returns the one whose frame is next, nil if that is a frame without a descriptor, or the
// rest of one.
func (q *writeQueue) nextTransfer() *handleTransfer { return q.transfers[0] }

// send writes once what the kernel takes: a piece with a descriptor by itself, as Node does, others
// together.
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

func (q *writeQueue) drop(h *hub) {
	for _, b := range q.blocks {
		h.recycle(b)
	}
	*q = writeQueue{}
}
