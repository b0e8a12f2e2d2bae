package streams

import (
	"io"

	"github.com/brood-go/brood/reactor"
)

const (
	readBufferSize = 64 << 10 // bytes; the default capacity of a Linux pipe, so one read empties it
	blockSize      = 64 << 10 // bytes; write queues copy into blocks of this size
	spareBlocks    = 16       // blocks kept for reuse per loop
)

// hub is the state that the streams of one loop share. Only the loop goroutine uses it. Loop.Local
// makes it for the first stream and closes it with the loop.
type hub struct {
	// readBuffer is the memory of the chunks that listeners borrow. Only enlarged pipes are read
	// into other memory, see largePipes.
	readBuffer []byte
	poison     bool // for tests: clear each chunk after its delivery
	closed     bool // true from Close on

	spare       [][]byte               // empty blocks for write queues, at most spareBlocks
	descriptors descriptorList         // every descriptor that a stream has open
	listeners   map[*Listener]struct{} // open
	attempts    map[*Attempt]struct{}  // under way
	large       largePipes
}

type hubKey struct{}

// hubOf returns the hub of l. The error, for a closed loop, is ErrClosed.
func hubOf(l *reactor.Loop) (*hub, error) {
	c, err := l.Local(hubKey{}, func() (io.Closer, error) {
		return &hub{readBuffer: make([]byte, readBufferSize), listeners: map[*Listener]struct{}{}, attempts: map[*Attempt]struct{}{}}, nil
	})
	if err != nil {
		return nil, err
	}
	return c.(*hub), nil
}

// Close closes the listeners, the attempts to connect, and the descriptors of streams that were
// still open when the loop was closed. That emits no event, and events still to come are dropped.
// Goroutines that wait in a bridge get ErrClosed.
func (h *hub) Close() error {
	h.closed = true
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

// acquireBlock returns an empty slice with a capacity of blockSize.
func (h *hub) acquireBlock() []byte {
	if n := len(h.spare); n > 0 {
		b := h.spare[n-1]
		h.spare = h.spare[:n-1]
		return b
	}
	return make([]byte, 0, blockSize)
}

// releaseBlock takes back the memory of a piece. It drops memory of another size than a block, and
// blocks over spareBlocks.
func (h *hub) releaseBlock(b []byte) {
	if cap(b) == blockSize && len(h.spare) < spareBlocks {
		h.spare = append(h.spare, b[:0])
	}
}

// descriptorList is a doubly linked list through the descriptors themselves, so add and remove
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
