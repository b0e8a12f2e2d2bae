package ipc

import "github.com/brood-go/brood/reactor"

// The tests of the package see these internals.

const (
	ReadBufferSize   = readBufferSize
	DrainMark        = drainMark
	MaxWaiting       = maxWaiting
	EagerWrites      = eagerWrites
	GatherSize       = gatherSize
	MaxPendingRights = maxPendingRights
	MessagesAtOnce   = messagesAtOnce
)

// Poison clears the messages of l's channels when they expire, so that a test fails if it keeps a
// slice.
func Poison(l *reactor.Loop) error {
	h, err := hubOf(l)
	if err == nil {
		h.poison = true
	}
	return err
}

// Queued returns the number of bytes that the kernel has not taken.
func (c *Channel) Queued() int { return c.out.queued() }

// Waiting returns the cost of the messages that wait for a listener.
func (c *Channel) Waiting() int { return c.waiting.cost }

// Inbox returns the number of entries of the inbox.
func (c *Channel) Inbox() int { return c.inbox.len() }

// Kept returns the bytes of an incomplete line that are in the channel's own memory.
func (c *Channel) Kept() []byte { return c.in.splitter.Kept() }

// PendingRights returns the number of descriptors that wait for the rest of a frame.
func (c *Channel) PendingRights() int { return len(c.in.rights.fds) }

// AddDisconnectHook is addDisconnectHook.
func (c *Channel) AddDisconnectHook(fn func()) { c.addDisconnectHook(fn) }
