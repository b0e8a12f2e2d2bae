package main

import (
	"context"
	"sync"
)

// An inbox has the bytes that a browser has sent and the terminal has not taken: at most
// windowSize.
type inbox struct {
	mu      sync.Mutex
	waiting []byte
	owed    int           // bytes, those that take has returned last among them
	filled  chan struct{} // one signal for the goroutine that waits
}

func newInbox() *inbox { return &inbox{filled: make(chan struct{}, 1)} }

// put adds a copy of p. It reports whether the browser was allowed to send so much.
func (b *inbox) put(p []byte) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(p) > windowSize-b.owed {
		return false
	}
	b.owed += len(p)
	b.waiting = append(b.waiting, p...)
	select {
	case b.filled <- struct{}{}:
	default: // There is a signal already.
	}
	return true
}

// take returns all that waits, once that is anything. It is the caller's; done says when it is
// through with it.
func (b *inbox) take(ctx context.Context) ([]byte, error) {
	for {
		b.mu.Lock()
		p := b.waiting
		b.waiting = nil
		b.mu.Unlock()
		if len(p) > 0 {
			return p, nil
		}
		select {
		case <-b.filled:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

func (b *inbox) done(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.owed -= n
}
