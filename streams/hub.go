package streams

import (
	"io"

	"github.com/brood-go/brood/reactor"
)

const (
	readBufferSize = 64 << 10 // bytes; the default capacity of a Linux pipe, so one read empties it
	blockSize      = 64 << 10 // bytes; what a Writable queues is copied into blocks of this size
	spareBlocks    = 16       // blocks kept for reuse per loop
)

// hub is what the streams of one loop share. It is closed with the loop.
type hub struct {
	readBuffer  []byte
	poison      bool // tests: clear the read buffer after each delivery
	spare       [][]byte
	descriptors descriptorList
	listeners   map[*Listener]struct{}
	attempts    map[*Attempt]struct{} // to connect
	large       largePipes
}

type hubKey struct{}

func hubOf(l *reactor.Loop) (*hub, error) {
	c, err := l.Local(hubKey{}, func() (io.Closer, error) {
		return &hub{readBuffer: make([]byte, readBufferSize), listeners: map[*Listener]struct{}{}, attempts: map[*Attempt]struct{}{}}, nil
	})
	if err != nil {
		return nil, err
	}
	return c.(*hub), nil
}

// Close closes the listeners and attempts to connect, and the descriptors of streams that were
// still open when the loop was closed. They get no events, nor do those of which events were still
// to come; who waits in a bridge is told.
func (h *hub) Close() error {
	for x := range h.listeners {
		x.Close()
	}
	for a := range h.attempts {
		a.Cancel()
	}
	for h.descriptors.first != nil {
		h.descriptors.first.abandon()
	}
	return nil
}

func (h *hub) acquireBlock() []byte {
	if n := len(h.spare); n > 0 {
		b := h.spare[n-1]
		h.spare = h.spare[:n-1]
		return b
	}
	return make([]byte, 0, blockSize)
}

func (h *hub) releaseBlock(b []byte) {
	if cap(b) == blockSize && len(h.spare) < spareBlocks {
		h.spare = append(h.spare, b[:0])
	}
}

// descriptorList is a doubly linked list through the descriptors themselves: joining and leaving
// allocate nothing.
type descriptorList struct{ first *descriptor }

func (l *descriptorList) add(d *descriptor) {
	d.next = l.first
	if d.next != nil {
		d.next.prev = d
	}
	l.first = d
}

func (l *descriptorList) remove(d *descriptor) {
	if d.prev != nil {
		d.prev.next = d.next
	} else {
		l.first = d.next
	}
	if d.next != nil {
		d.next.prev = d.prev
	}
	d.prev, d.next = nil, nil
}
