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
	// bytes; large enough that a message of 64 KiB mostly comes in one read
	readBufferSize = 128 << 10
	blockSize      = 64 << 10 // bytes; small frames of a writeQueue share blocks of this size
	spareBlocks    = 16       // blocks that a loop keeps for reuse
)

// hub is the memory and the lists that the channels, handles and servers of one loop share
// (Loop.Local). It is used on the loop goroutine and closed with the loop.
type hub struct {
	loop       *reactor.Loop
	readBuffer []byte // see lendBuffer; nil before the first read
	// the channel whose undelivered messages may be in readBuffer; nil before the first read
	borrower *Channel
	control  []byte           // for the control messages of recvmsg(2)
	scratch  []byte           // see takeScratch; nil while a frame is made in it
	messages []Message        // unused, for the next messages
	json     nodejson.Encoder // makes the JSON frames of all channels
	// set by tests: clear expired messages, to find kept slices
	poison  bool
	spare   [][]byte              // empty blocks, at most spareBlocks
	open    map[*Channel]struct{} // until emitDisconnect, or abandon
	handles map[*Handle]struct{}  // received, neither used nor closed; Close closes them
	// connections that are closed here when their queued message is written
	detaching map[any]struct{}
	closed    bool              // the loop is closed: no tick runs any more
	parent    *Channel          // the channel of Parent, kept when it is closed; nil before
	sockets   *socketlist.Lists // counts the connections of servers
}

type hubKey struct{}

// hubOf returns the hub of l and makes it on the first call.
func hubOf(l *reactor.Loop) (*hub, error) {
	c, err := l.Local(hubKey{}, func() (io.Closer, error) {
		return &hub{
			loop:      l,
			control:   fd.NewControl(),
			open:      map[*Channel]struct{}{},
			handles:   map[*Handle]struct{}{},
			detaching: map[any]struct{}{},
			sockets:   socketlist.New(l),
		}, nil
	})
	if err != nil {
		return nil, err
	}
	return c.(*hub), nil
}

// Close closes the servers, the open channels and the open handles, when the loop is closed. They
// get no events.
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

// messagesAtOnce is the number of messages that are allocated together, because allocating a small
// one takes longer than reading it. They stay in memory together, without their contents, while one
// of them is kept.
const messagesAtOnce = 12

func (h *hub) newMessage() *Message {
	if len(h.messages) == 0 {
		h.messages = make([]Message, messagesAtOnce)
	}
	m := &h.messages[0]
	h.messages = h.messages[1:]
	return m
}

// lendBuffer returns the buffer for c to read into. If another channel's undelivered messages are
// in it, because a callback has panicked or a turn had too many, that channel keeps it and c gets a
// new one.
func (h *hub) lendBuffer(c *Channel) []byte {
	if b := h.borrower; h.readBuffer == nil || b != nil && b.inbox.len() > 0 {
		h.readBuffer = make([]byte, readBufferSize)
	}
	h.borrower = c
	return h.readBuffer
}

// takeScratch returns empty memory for a frame. If a method of the value sends a message too, that
// one gets its own. giveScratch gives the memory back.
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

// block returns an empty block; recycle takes one back.
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
