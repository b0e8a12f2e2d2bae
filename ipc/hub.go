package ipc

import (
	"io"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/internal/frames"
	"github.com/brood-go/brood/internal/nodejson"
	"github.com/brood-go/brood/ipc/socketlist"
	"github.com/brood-go/brood/reactor"
)

const (
	// bytes; a message of 64 KiB mostly comes whole, and need not be put together
	readBufferSize = 128 << 10
	blockSize      = 64 << 10 // bytes; small frames that are queued share blocks of this size
	spareBlocks    = 16       // blocks kept for reuse per loop
)

// hub is what the channels, handles and servers of one loop share. It is closed with the loop.
type hub struct {
	loop       *reactor.Loop
	readBuffer []byte           // nil before the first read
	borrower   *Channel         // whose undelivered messages may be in readBuffer
	control    []byte           // of received messages
	scratch    []byte           // the frame that is being encoded; nil while somebody encodes
	messages   []Message        // memory for those that come next
	json       nodejson.Encoder // of the frames of its channels
	poison     bool             // tests: clear messages when they expire
	spare      [][]byte
	open       map[*Channel]struct{} // until they have told of their end
	handles    map[*Handle]struct{}  // received, neither used nor closed
	sending    map[any]struct{}      // connections that a queued message will take away
	closed     bool                  // with the loop: there are no more ticks
	parent     *Channel              // see Parent
	sockets    *socketlist.Lists     // counts connections
}

type hubKey struct{}

func hubOf(l *reactor.Loop) (*hub, error) {
	c, err := l.Local(hubKey{}, func() (io.Closer, error) {
		return &hub{
			loop:    l,
			control: fd.NewControl(),
			open:    map[*Channel]struct{}{},
			handles: map[*Handle]struct{}{},
			sending: map[any]struct{}{},
			sockets: socketlist.New(l),
		}, nil
	})
	if err != nil {
		return nil, err
	}
	return c.(*hub), nil
}

// Close closes the servers, the channels that had not ended and the handles that were still open
// when the loop was closed. They get no events.
func (h *hub) Close() error {
	h.closed = true
	err := h.sockets.Close()
	for c := range h.open {
		c.abandon()
	}
	for handle := range h.handles {
		_ = handle.Close() // It returns no error.
	}
	return err
}

// messagesAtOnce is how many messages are made together: a small one takes less time to read than
// to make. They stay in memory together too, without what is in them, as long as somebody keeps one
// of them.
const messagesAtOnce = 12

func (h *hub) newMessage() *Message {
	if len(h.messages) == 0 {
		h.messages = make([]Message, messagesAtOnce)
	}
	m := &h.messages[0]
	h.messages = h.messages[1:]
	return m
}

// lendBuffer returns the buffer for c to read into. While another reader's messages in it have not
// been delivered, because a callback has panicked or there were too many for one turn, it is left
// to them.
func (h *hub) lendBuffer(c *Channel) []byte {
	if b := h.borrower; h.readBuffer == nil || b != nil && b.inbox.len() > 0 {
		h.readBuffer = make([]byte, readBufferSize)
	}
	h.borrower = c
	return h.readBuffer
}

// takeScratch returns empty memory to encode into. An encoding that begins inside another gets its
// own.
func (h *hub) takeScratch() []byte {
	b := h.scratch
	h.scratch = nil
	return b[:0]
}

func (h *hub) giveScratch(b []byte) {
	if cap(b) <= frames.KeptMemory {
		h.scratch = b
	}
}

func (h *hub) block() []byte {
	if n := len(h.spare); n > 0 {
		b := h.spare[n-1]
		h.spare = h.spare[:n-1]
		return b
	}
	return make([]byte, 0, blockSize)
}

func (h *hub) recycle(b []byte) {
	if cap(b) == blockSize && len(h.spare) < spareBlocks {
		h.spare = append(h.spare, b[:0])
	}
}
