package main

import (
	"context"
	"sync"
)

// windowSize is the number of bytes that each side may send before the other says that it has used
// them. Then the sender waits. So neither side has to keep more, and neither has to stop reading
// the connection, on which it also learns how much the other has used: two that have stopped
// reading would wait for each other.
const windowSize = 64 << 10

// A window counts the bytes that were sent and not yet used. One goroutine spends; any may give
// back.
type window struct {
	mu   sync.Mutex
	left int           // bytes
	more chan struct{} // one signal for the goroutine that waits
}

func newWindow() *window { return &window{left: windowSize, more: make(chan struct{}, 1)} }

// wait returns how much may be sent, once that is anything.
func (w *window) wait(ctx context.Context) (int, error) {
	for {
		w.mu.Lock()
		left := w.left
		w.mu.Unlock()
		if left > 0 {
			return left, nil
		}
		select {
		case <-w.more:
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	}
}

// spend takes n of the bytes that wait has returned.
func (w *window) spend(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.left -= n
}

// give puts n bytes back. It reports whether so many were spent.
func (w *window) give(n int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if n < 0 || n > windowSize-w.left {
		return false
	}
	w.left += n
	select {
	case w.more <- struct{}{}:
	default: // There is a signal already.
	}
	return true
}
