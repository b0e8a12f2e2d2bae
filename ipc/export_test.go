package ipc

import "github.com/brood-go/brood/reactor"

// What the tests of the package see of its inside, and no user does.

const (
	ReadBufferSize   = readBufferSize
	DrainMark        = drainMark
	MaxWaiting       = maxWaiting
	EagerWrites      = eagerWrites
	GatherSize       = gatherSize
	MaxPendingRights = maxPendingRights
	MessagesAtOnce   = messagesAtOnce
)

// Poison has messages of channels of l cleared when they expire, so that a slice that was kept
// shows.
func Poison(l *reactor.Loop) error {
	h, err := hubOf(l)
	if err == nil {
		h.poison = true
	}
	return err
}

// Queued returns the number of bytes that the kernel has not taken.
func (c *Channel) Queued() int { return c.out.queued() }

// Waiting returns the cost of what waits for a listener.
func (c *Channel) Waiting() int { return c.waiting.cost }

// Inbox returns the number of messages that have come and were neither delivered nor put to those
// that wait.
func (c *Channel) Inbox() int { return c.inbox.len() }

// Kept returns what has come of a line whose end has not, in the channel's own memory.
func (c *Channel) Kept() []byte { return c.in.splitter.Kept() }

// PendingRights returns the number of descriptors that wait for the rest of a frame.
func (c *Channel) PendingRights() int { return len(c.in.rights.fds) }

// AddDisconnectHook is addDisconnectHook.
func (c *Channel) AddDisconnectHook(fn func()) { c.addDisconnectHook(fn) }
